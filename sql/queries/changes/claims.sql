-- The newest claim of each machine.
SELECT n.id, m.id, s.start_ts, s.category, s.state, s.reason FROM line n JOIN machine m USING (line_id)
CROSS JOIN LATERAL (SELECT * FROM state_interval WHERE machine_id = m.machine_id ORDER BY start_ts DESC LIMIT 1) s
ORDER BY n.id, m.id
