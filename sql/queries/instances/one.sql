-- One instance by its identity.
SELECT instance_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks, team FROM shift_instance
WHERE line_id = %(line_id)s AND production_date = %(date)s AND name = %(name)s AND NOT retired
