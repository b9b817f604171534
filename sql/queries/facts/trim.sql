-- Cut the claim that reaches across the restart.
UPDATE state_interval SET end_ts = %(at)s WHERE machine_id = %(machine_id)s AND start_ts < %(at)s AND end_ts > %(at)s
