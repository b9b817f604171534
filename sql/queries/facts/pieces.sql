-- Raw claims of a range, from the one in force at its start on (it may have ended before).
SELECT start_ts, end_ts, category, state, reason, setup, unmapped FROM state_interval
WHERE machine_id = %(machine_id)s AND start_ts < %(to)s
  AND start_ts >= coalesce((SELECT max(start_ts) FROM state_interval WHERE machine_id = %(machine_id)s AND start_ts <= %(from)s), '-infinity')
ORDER BY start_ts
