-- What a machine is marked for is taken, by who holds the machine; what comes from here on is of the next round. A mark
-- taken before whose work was not finished goes with it; of two causes the newer is told.
UPDATE dirty SET taken_ts = least(taken_ts, from_ts), taken_cause = coalesce(cause, taken_cause),
  taken_author = CASE WHEN cause IS NULL THEN taken_author ELSE author END, from_ts = NULL, cause = NULL, author = NULL
WHERE machine_id = %(machine_id)s RETURNING taken_ts, taken_cause, taken_author
