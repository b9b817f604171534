-- Instances that are to be computed; those that the calendar changed are computed again.
INSERT INTO ledger (instance_id, line_id, start_ts, end_ts, cause, author)
SELECT i.number, %(line_id)s, i.start_ts, i.end_ts, CASE WHEN i.changed THEN %(cause)s ELSE 'shift closed' END,
  CASE WHEN i.changed THEN %(author)s END
FROM unnest(%(numbers)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(changed)s::boolean[])
  AS i (number, start_ts, end_ts, changed)
WHERE i.changed OR NOT EXISTS (SELECT FROM ledger known WHERE known.instance_id = i.number)
ON CONFLICT (instance_id) DO UPDATE SET start_ts = excluded.start_ts, end_ts = excluded.end_ts,
  input_version = ledger.input_version + 1, cause = excluded.cause, author = excluded.author
WHERE excluded.cause <> 'shift closed'
