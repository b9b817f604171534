-- Instances of a line on a range of production days, those that the calendar no longer knows too.
SELECT instance_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks, team, retired FROM shift_instance
WHERE line_id = %(line_id)s AND production_date BETWEEN %(first)s AND %(last)s
