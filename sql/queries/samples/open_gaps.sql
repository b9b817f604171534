-- Gaps that have not ended; few, and usually none.
SELECT machine_id, source, from_ts FROM data_gap WHERE to_ts IS NULL
