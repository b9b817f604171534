-- The winner of two values at one instant (S-11): Good, then the greater.
UPDATE sample SET value = %(value)s, quality = %(quality)s WHERE tag_id = %(tag_id)s AND ts = %(ts)s
