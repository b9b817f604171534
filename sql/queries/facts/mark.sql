-- The mark of a machine that is held, and which writing of it this is: every marking writes the row anew.
SELECT from_ts, xmin::text FROM dirty WHERE machine_id = %(machine_id)s
