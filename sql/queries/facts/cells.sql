-- Parts per minute in a range as arrays by what was made, read in binary without a row per minute.
SELECT product, "order", array_agg(start_ts), array_agg(end_ts),
  array_agg(total_count), array_agg(good_count), array_agg(reject_count), array_agg(rework_count)
FROM production WHERE machine_id = %(machine_id)s AND start_ts >= %(from)s AND start_ts < %(to)s
GROUP BY product, "order"
