-- One instance.
SELECT instance_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks, team FROM shift_instance
WHERE instance_id = %(instance_id)s
