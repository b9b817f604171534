-- What was taken is worked off. The mark goes if nothing came meanwhile. Who is just writing it is not waited for: he may
-- wait for shifts that this transaction holds. Then it is taken once more.
WITH mark AS (SELECT machine_id, from_ts FROM dirty WHERE machine_id = %(machine_id)s FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM dirty USING mark WHERE dirty.machine_id = mark.machine_id AND mark.from_ts IS NULL)
UPDATE dirty SET taken_ts = NULL, taken_cause = NULL, taken_author = NULL
FROM mark WHERE dirty.machine_id = mark.machine_id AND mark.from_ts IS NOT NULL
