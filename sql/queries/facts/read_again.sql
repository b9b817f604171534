-- A machine whose samples are to be read by other rules from an instant on, as far as it has facts; and why.
INSERT INTO dirty (machine_id, from_ts, cause, author)
SELECT machine_id, greatest(first_ts, %(from)s), %(cause)s, %(author)s FROM machine_facts
WHERE machine_id = %(machine_id)s AND through_ts >= %(from)s
ON CONFLICT (machine_id) DO UPDATE SET from_ts = least(dirty.from_ts, excluded.from_ts), cause = excluded.cause,
  author = excluded.author
