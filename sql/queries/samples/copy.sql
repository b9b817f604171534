-- The fast way in: binary rows straight into the hypertable.
COPY sample (ts, tag_id, value, quality) FROM STDIN (FORMAT binary)
