-- The same rows into the stage.
COPY sample_stage (ts, tag_id, value, quality) FROM STDIN (FORMAT binary)
