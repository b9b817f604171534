-- The newest published result of the newest earlier shift of the same name.
SELECT i.instance_id, r.revision, coalesce(s.status, 'provisional'), r.computed_at, r.definition, r.cause, r.document
FROM shift_instance i
CROSS JOIN LATERAL (SELECT * FROM result WHERE instance_id = i.instance_id AND machine_id = 0 ORDER BY revision DESC LIMIT 1) r
LEFT JOIN LATERAL (SELECT status FROM result_status WHERE result_id = r.result_id ORDER BY status LIMIT 1) s ON true
WHERE i.line_id = %(line_id)s AND i.name = %(name)s AND i.planned AND NOT i.retired AND i.start_ts < %(before)s
  AND i.start_ts >= %(since)s
ORDER BY i.start_ts DESC LIMIT 1
