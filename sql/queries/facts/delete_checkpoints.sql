-- Checkpoints after the restart are made anew; so goes the moving one of the last minute.
DELETE FROM checkpoint WHERE machine_id = %(machine_id)s AND at_ts > %(at)s AND at_ts <= %(to)s
