-- A claim that goes on across the restart stays one row.
UPDATE state_interval SET end_ts = %(end)s WHERE machine_id = %(machine_id)s AND end_ts = %(at)s
  AND category = %(category)s AND state IS NOT DISTINCT FROM %(state)s AND reason IS NOT DISTINCT FROM %(reason)s
  AND setup = %(setup)s AND unmapped = %(unmapped)s
