-- Facts from the restart on are told anew.
DELETE FROM product_run WHERE machine_id = %(machine_id)s AND start_ts >= %(at)s AND start_ts < %(to)s
