-- New checkpoints.
COPY checkpoint (machine_id, at_ts, payload, checksum) FROM STDIN
