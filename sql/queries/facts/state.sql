-- How far a machine's facts reach, and from where on their samples are kept.
SELECT first_ts, through_ts, hold_until_us, rules, samples_from FROM machine_facts WHERE machine_id = %(machine_id)s
