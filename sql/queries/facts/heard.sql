-- Data marked the machine anew while an entry's mark was worked off: what is left is the data's, unless another entry came.
UPDATE dirty SET cause = NULL, author = NULL WHERE machine_id = (
  SELECT machine_id FROM dirty WHERE machine_id = %(machine_id)s AND cause = %(cause)s FOR UPDATE SKIP LOCKED)
