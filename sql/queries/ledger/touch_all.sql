-- A configuration touches every shift that ends after it took force, and those before in which a standstill began that it
-- may cut: back to when each machine last ran, a day at most (what stood longer is no small stop, whatever comes).
WITH reach AS (
  SELECT m.line_id, min(r.ran_ts) AS since FROM machine m CROSS JOIN LATERAL (
    SELECT least(end_ts, %(from)s::timestamptz) AS ran_ts FROM state_interval
    WHERE machine_id = m.machine_id AND start_ts < %(from)s::timestamptz AND category = 6 ORDER BY start_ts DESC LIMIT 1) r
  WHERE r.ran_ts >= %(from)s::timestamptz - interval '1 day' GROUP BY m.line_id),
touched AS (
  SELECT g.instance_id FROM ledger g LEFT JOIN reach USING (line_id) WHERE g.end_ts > coalesce(reach.since, %(from)s::timestamptz)
  ORDER BY g.line_id, g.start_ts, g.instance_id FOR UPDATE OF g)
UPDATE ledger SET input_version = input_version + 1, cause = 'configuration changed', author = NULL
FROM touched WHERE ledger.instance_id = touched.instance_id
