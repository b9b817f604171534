-- The newest instant up to another one up to which there was no data for over a day.
SELECT max(least(end_ts, %(at)s)) FROM state_interval
WHERE machine_id = %(machine_id)s AND start_ts >= %(since)s AND start_ts < %(at)s
  AND category = 7 AND least(end_ts, %(at)s) - start_ts > interval '1 day'
