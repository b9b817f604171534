-- The instance of each line that runs at an instant.
SELECT n.id, i.instance_id, i.production_date, i.name, i.start_ts, i.end_ts, i.planned, i.cancelled, i.breaks, i.team
FROM line n JOIN shift_instance i USING (line_id)
WHERE NOT i.retired AND i.start_ts <= %(now)s AND i.end_ts > %(now)s
