-- How far a machine's facts reach.
SELECT first_ts, through_ts, hold_until_us, rules FROM machine_facts WHERE machine_id = %(machine_id)s
