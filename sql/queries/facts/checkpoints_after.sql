-- The oldest checkpoints at or after an instant; the first sound one serves.
SELECT at_ts, payload, checksum FROM checkpoint
WHERE machine_id = %(machine_id)s AND at_ts >= %(at)s ORDER BY at_ts LIMIT 100
