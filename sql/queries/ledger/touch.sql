-- Inputs of these shifts changed (S-52): only what overlaps the change; causes that wait for one revision are told together. Locked in one order, so that two never wait in a ring.
WITH touched AS (
  SELECT instance_id FROM ledger WHERE line_id = %(line_id)s AND start_ts < %(to)s AND end_ts > %(from)s
  ORDER BY start_ts, instance_id FOR UPDATE)
UPDATE ledger SET input_version = input_version + 1,
  cause = CASE WHEN ledger.status = 'open' OR ledger.done_version = ledger.input_version THEN %(cause)s
    WHEN position(%(cause)s::text IN ledger.cause) > 0 OR length(ledger.cause) > 400 THEN ledger.cause
    ELSE ledger.cause || '; ' || %(cause)s END,
  author = CASE WHEN ledger.status = 'open' OR ledger.done_version = ledger.input_version THEN %(author)s
    WHEN %(author)s::text IS NULL OR ledger.author LIKE '%%' || %(author)s || '%%' THEN ledger.author
    ELSE concat_ws(', ', ledger.author, %(author)s) END
FROM touched WHERE ledger.instance_id = touched.instance_id
