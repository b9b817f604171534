-- Take one machine's dirty mark, or none if another worker has it (R18).
SELECT machine_id, from_ts FROM dirty WHERE machine_id <> ALL(%(skip)s)
ORDER BY from_ts DESC LIMIT 1 FOR UPDATE SKIP LOCKED
