-- The calendar no longer knows these instances of the time covered: they stay for their revisions, nothing is due of them.
WITH gone AS (
  UPDATE shift_instance SET retired = true
  WHERE line_id = %(line_id)s AND NOT retired AND start_ts < %(to)s AND end_ts > %(from)s
    AND (production_date::text || '/' || name) <> ALL(%(keys)s)
  RETURNING instance_id
), live AS (DELETE FROM result_live r USING gone WHERE r.instance_id = gone.instance_id)
DELETE FROM ledger l USING gone WHERE l.instance_id = gone.instance_id
