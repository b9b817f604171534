-- The mark is worked off, unless data came or is coming meanwhile: then it stays for the next round.
DELETE FROM dirty WHERE machine_id = (
  SELECT machine_id FROM dirty WHERE machine_id = %(machine_id)s AND xmin::text = %(writing)s FOR UPDATE SKIP LOCKED)
