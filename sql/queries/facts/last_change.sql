-- The newest change of product or order after one instant and up to another.
SELECT max(start_ts) FROM product_run
WHERE machine_id = %(machine_id)s AND start_ts > %(after)s AND start_ts <= %(to)s AND change
