-- A new stretch of doubtful times.
INSERT INTO clock_skew (machine_id, source, from_ts, through_ts)
VALUES (%(machine_id)s, %(source)s, %(from)s, %(through)s)
ON CONFLICT (machine_id, source, from_ts) DO UPDATE SET through_ts = greatest(clock_skew.through_ts, excluded.through_ts)
