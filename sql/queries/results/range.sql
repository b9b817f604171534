-- Newest revisions of the instances of a line that start in a range, less the keys of the document that are not wanted.
SELECT i.instance_id, r.revision, coalesce(s.status, 'provisional'), r.computed_at, r.definition, r.cause, r.document - %(left_out)s::text[]
FROM shift_instance i
CROSS JOIN LATERAL (SELECT * FROM result WHERE instance_id = i.instance_id AND machine_id = %(machine_id)s ORDER BY revision DESC LIMIT 1) r
LEFT JOIN LATERAL (SELECT status FROM result_status WHERE result_id = r.result_id ORDER BY status LIMIT 1) s ON true
WHERE i.line_id = %(line_id)s AND NOT i.retired AND i.start_ts >= %(from)s AND i.start_ts < %(to)s ORDER BY i.start_ts
