-- An instance keeps its number through moves (S-32).
INSERT INTO shift_instance (line_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks, team)
VALUES (%(line_id)s, %(date)s, %(name)s, %(start)s, %(end)s, %(planned)s, %(cancelled)s, %(breaks)s, %(team)s)
ON CONFLICT (line_id, production_date, name) DO UPDATE SET start_ts = excluded.start_ts, end_ts = excluded.end_ts,
  planned = excluded.planned, cancelled = excluded.cancelled, breaks = excluded.breaks, team = excluded.team,
  retired = false
RETURNING instance_id
