-- Instances of a line that overlap a range, are over and have data: the newest first, no more than a number.
SELECT i.instance_id, i.production_date, i.name, i.start_ts, i.end_ts, i.planned, i.cancelled, i.breaks, i.team
FROM shift_instance i JOIN ledger g USING (instance_id)
WHERE i.line_id = %(line_id)s AND NOT i.retired AND i.start_ts < %(to)s AND i.end_ts > %(from)s AND i.end_ts <= %(now)s
ORDER BY i.start_ts DESC LIMIT %(limit)s
