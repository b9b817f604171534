-- Stretches of doubtful times of a machine that reach into a window.
SELECT from_ts, through_ts FROM clock_skew
WHERE machine_id = %(machine_id)s AND from_ts < %(to)s AND through_ts >= %(from)s
