-- Interpret a machine, or all of a line, again from an entry's instant on. The mark keeps whose entry it is: data that
-- come later move it back in time and leave its cause; of two entries the newest is told.
INSERT INTO dirty (machine_id, from_ts, cause, author)
SELECT machine_id, %(from)s, %(cause)s, %(author)s FROM machine
WHERE line_id = %(line_id)s AND (%(machine_id)s::int IS NULL OR machine_id = %(machine_id)s) ORDER BY machine_id
ON CONFLICT (machine_id) DO UPDATE
SET from_ts = least(dirty.from_ts, excluded.from_ts), cause = excluded.cause, author = excluded.author
