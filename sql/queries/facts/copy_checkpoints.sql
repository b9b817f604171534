-- New checkpoints.
COPY checkpoint (machine_id, at_ts, payload) FROM STDIN
