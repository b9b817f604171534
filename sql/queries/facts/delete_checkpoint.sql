-- A damaged checkpoint is of no use.
DELETE FROM checkpoint WHERE machine_id = %(machine_id)s AND at_ts = %(at)s
