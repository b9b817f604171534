-- The mark is worked off.
DELETE FROM dirty WHERE machine_id = %(machine_id)s
