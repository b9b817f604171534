-- One revision of one (instance, machine); the newest where none is named.
SELECT r.revision, coalesce(s.status, 'provisional'), r.computed_at, r.definition, r.cause, r.document
FROM result r LEFT JOIN LATERAL (SELECT status FROM result_status WHERE result_id = r.result_id ORDER BY status LIMIT 1) s ON true
WHERE r.instance_id = %(instance_id)s AND r.machine_id = %(machine_id)s
  AND (%(revision)s::int IS NULL OR r.revision = %(revision)s) ORDER BY r.revision DESC LIMIT 1
