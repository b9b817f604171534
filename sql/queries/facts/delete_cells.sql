-- Facts from the restart on are told anew.
DELETE FROM production WHERE machine_id = %(machine_id)s AND start_ts >= %(at)s AND start_ts < %(to)s
