-- The mark of a machine that is held, which writing of it this is (every marking writes the row anew), and whose entry it is.
SELECT from_ts, xmin::text, cause, author FROM dirty WHERE machine_id = %(machine_id)s
