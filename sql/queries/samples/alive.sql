-- Stretches of life of a machine that reach past an instant.
SELECT source, from_ts, through_ts FROM liveness
WHERE machine_id = %(machine_id)s AND through_ts >= %(from)s ORDER BY from_ts
