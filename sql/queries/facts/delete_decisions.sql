-- Facts from the restart on are told anew.
DELETE FROM counter_decision WHERE machine_id = %(machine_id)s AND at_ts >= %(at)s AND at_ts < %(to)s
