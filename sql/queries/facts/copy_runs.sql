-- New products and orders.
COPY product_run (machine_id, start_ts, product, "order", change) FROM STDIN
