-- Instances of a line that overlap a range.
SELECT instance_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks, team FROM shift_instance
WHERE line_id = %(line_id)s AND NOT retired AND start_ts < %(to)s AND end_ts > %(from)s ORDER BY start_ts
