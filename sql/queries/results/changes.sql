-- Published revisions of all lines or one, in the order in which they were published.
SELECT r.result_id, l.id, m.id, i.production_date, i.name, r.revision, coalesce(s.status, 'provisional'), r.computed_at, r.cause,
  r.instance_id, r.machine_id, r.author
FROM result r JOIN shift_instance i USING (instance_id) JOIN line l USING (line_id) LEFT JOIN machine m ON m.machine_id = r.machine_id
LEFT JOIN LATERAL (SELECT status FROM result_status WHERE result_id = r.result_id ORDER BY status LIMIT 1) s ON true
WHERE r.result_id > %(after)s AND r.computed_at >= %(since)s AND (%(line_id)s::int IS NULL OR i.line_id = %(line_id)s)
ORDER BY r.result_id LIMIT %(limit)s
