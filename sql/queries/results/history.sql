-- All revisions of one (instance, machine), oldest first, less the keys of the document that are not wanted.
SELECT r.revision, coalesce(s.status, 'provisional'), r.computed_at, r.definition, r.cause, r.author, r.document - %(left_out)s::text[]
FROM result r LEFT JOIN LATERAL (SELECT status FROM result_status WHERE result_id = r.result_id ORDER BY status LIMIT 1) s ON true
WHERE r.instance_id = %(instance_id)s AND r.machine_id = %(machine_id)s ORDER BY r.revision
