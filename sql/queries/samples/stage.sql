-- Where rows wait that may be there already.
CREATE TEMP TABLE sample_stage (ts timestamptz, tag_id int, value float8, quality int) ON COMMIT DROP
