-- Life has returned.
UPDATE data_gap SET to_ts = %(to)s WHERE machine_id = %(machine_id)s AND source = %(source)s AND to_ts IS NULL
