-- Extend the stretch of life that this one continues, if any.
UPDATE liveness SET through_ts = greatest(through_ts, %(through)s)
WHERE machine_id = %(machine_id)s AND source = %(source)s
  AND from_ts = (SELECT max(from_ts) FROM liveness WHERE machine_id = %(machine_id)s AND source = %(source)s AND from_ts <= %(from)s)
  AND through_ts >= %(from)s
