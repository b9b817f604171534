-- Inputs of these shifts changed (S-52): only what overlaps the change. Locked in one order, so that two never wait in a ring.
WITH touched AS (
  SELECT instance_id FROM ledger WHERE line_id = %(line_id)s AND start_ts < %(to)s AND end_ts > %(from)s
  ORDER BY start_ts, instance_id FOR UPDATE)
UPDATE ledger SET input_version = input_version + 1, cause = %(cause)s, author = %(author)s
FROM touched WHERE ledger.instance_id = touched.instance_id
