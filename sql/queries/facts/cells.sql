-- Parts per minute in a range.
SELECT start_ts, end_ts, total_count, good_count, reject_count, rework_count, product, "order" FROM production
WHERE machine_id = %(machine_id)s AND start_ts >= %(from)s AND start_ts < %(to)s ORDER BY start_ts
