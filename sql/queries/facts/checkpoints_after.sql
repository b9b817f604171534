-- Checkpoints from an instant on.
SELECT at_ts, payload FROM checkpoint WHERE machine_id = %(machine_id)s AND at_ts > %(at)s ORDER BY at_ts
