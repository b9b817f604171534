-- The newest checkpoint at or before an instant.
SELECT at_ts, payload, checksum FROM checkpoint
WHERE machine_id = %(machine_id)s AND at_ts <= %(at)s ORDER BY at_ts DESC LIMIT 1
