-- New parts per minute.
COPY production (machine_id, start_ts, end_ts, total_count, good_count, reject_count, rework_count, product, "order") FROM STDIN
