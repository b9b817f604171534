-- Only the newest checkpoint may lie off the quarter hours.
DELETE FROM checkpoint WHERE machine_id = %(machine_id)s
  AND at_ts < (SELECT max(at_ts) FROM checkpoint WHERE machine_id = %(machine_id)s)
  AND extract(epoch FROM at_ts)::bigint %% 900 <> 0
