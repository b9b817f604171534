-- New counter decisions.
COPY counter_decision (machine_id, at_ts, signal, kind, amount, why) FROM STDIN
