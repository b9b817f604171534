-- The next planned shift of some lines.
SELECT n.id, i.instance_id, i.production_date, i.name, i.start_ts, i.end_ts, i.planned, i.cancelled, i.breaks, i.team
FROM line n CROSS JOIN LATERAL (
  SELECT * FROM shift_instance
  WHERE line_id = n.line_id AND NOT retired AND planned AND NOT cancelled AND start_ts > %(now)s ORDER BY start_ts LIMIT 1) i
WHERE n.id = ANY(%(lines)s)
