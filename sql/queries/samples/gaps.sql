-- Gaps of a machine that reach into a window; one that was opened and closed at the same instant is none.
SELECT source, from_ts, to_ts, reason FROM data_gap
WHERE machine_id = %(machine_id)s AND from_ts < %(to)s AND (to_ts IS NULL OR to_ts > greatest(from_ts, %(from)s))
ORDER BY from_ts, source
