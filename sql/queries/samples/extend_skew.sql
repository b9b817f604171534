-- Extend the stretch of doubtful times that this one continues within a minute, if any.
UPDATE clock_skew SET through_ts = greatest(through_ts, %(through)s)
WHERE machine_id = %(machine_id)s AND source = %(source)s
  AND from_ts = (SELECT max(from_ts) FROM clock_skew WHERE machine_id = %(machine_id)s AND source = %(source)s AND from_ts <= %(from)s)
  AND through_ts >= %(from)s - interval '1 minute'
