-- New claims.
COPY state_interval (machine_id, start_ts, end_ts, category, state, reason, setup, unmapped) FROM STDIN
