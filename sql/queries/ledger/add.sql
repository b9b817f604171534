-- An instance that is to be computed; one that the calendar changed is computed again.
INSERT INTO ledger (instance_id, line_id, start_ts, end_ts, cause)
VALUES (%(instance_id)s, %(line_id)s, %(start)s, %(end)s, CASE WHEN %(changed)s THEN 'calendar changed' ELSE 'shift closed' END)
ON CONFLICT (instance_id) DO UPDATE SET start_ts = excluded.start_ts, end_ts = excluded.end_ts,
  input_version = ledger.input_version + 1, cause = 'calendar changed'
WHERE %(changed)s
