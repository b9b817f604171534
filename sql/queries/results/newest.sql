-- The newest revision of one (instance, machine).
SELECT r.result_id, r.revision, r.fingerprint FROM result r
WHERE r.instance_id = %(instance_id)s AND r.machine_id = %(machine_id)s ORDER BY r.revision DESC LIMIT 1
