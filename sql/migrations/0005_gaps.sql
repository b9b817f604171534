-- Every batch asks for the gaps that have not ended.
CREATE INDEX data_gap_open ON data_gap (machine_id) WHERE to_ts IS NULL;
