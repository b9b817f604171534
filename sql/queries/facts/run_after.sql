-- The start of the first run after an instant.
SELECT min(start_ts) FROM (SELECT start_ts FROM state_interval WHERE machine_id = %(machine_id)s AND start_ts >= %(at)s
  AND category = 6 ORDER BY start_ts LIMIT 1) r
