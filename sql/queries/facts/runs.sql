-- Products and orders of a range, from those in force at its start on.
SELECT start_ts, product, "order", change FROM product_run
WHERE machine_id = %(machine_id)s AND start_ts < %(to)s
  AND start_ts >= coalesce((SELECT max(start_ts) FROM product_run WHERE machine_id = %(machine_id)s AND start_ts <= %(from)s), '-infinity')
ORDER BY start_ts
