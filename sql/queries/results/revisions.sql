-- All revisions of a line's shift.
SELECT r.revision, coalesce(s.status, 'provisional'), r.computed_at, r.cause, r.author
FROM result r LEFT JOIN LATERAL (SELECT status FROM result_status WHERE result_id = r.result_id ORDER BY status LIMIT 1) s ON true
WHERE r.instance_id = %(instance_id)s AND r.machine_id = 0 ORDER BY r.revision
