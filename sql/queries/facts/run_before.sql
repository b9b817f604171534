-- The end of the last run that lies before an instant: no standstill reaches across it.
SELECT max(end_ts) FROM (SELECT end_ts FROM state_interval WHERE machine_id = %(machine_id)s AND start_ts < %(at)s
  AND end_ts <= %(at)s AND category = 6 ORDER BY start_ts DESC LIMIT 1) r
