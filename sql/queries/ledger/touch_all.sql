-- A configuration touches every shift that ends after it took force; a shift that comes out the same gets no revision.
WITH touched AS (
  SELECT instance_id FROM ledger WHERE end_ts > %(from)s::timestamptz ORDER BY line_id, start_ts, instance_id FOR UPDATE)
UPDATE ledger SET input_version = input_version + 1, cause = 'configuration changed'
FROM touched WHERE ledger.instance_id = touched.instance_id
