-- Instances of a line; each keeps its number through moves (S-32).
INSERT INTO shift_instance (line_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks, team)
SELECT %(line_id)s, i.* FROM unnest(%(dates)s::date[], %(names)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
  %(planned)s::boolean[], %(cancelled)s::boolean[], %(breaks)s::jsonb[], %(teams)s::text[]) AS i
ON CONFLICT (line_id, production_date, name) DO UPDATE SET start_ts = excluded.start_ts, end_ts = excluded.end_ts,
  planned = excluded.planned, cancelled = excluded.cancelled, breaks = excluded.breaks, team = excluded.team,
  retired = false
RETURNING instance_id, production_date, name
