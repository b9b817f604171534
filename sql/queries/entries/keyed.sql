-- The entry that somebody gave this key.
SELECT entry_id FROM entry WHERE author = %(author)s AND said ? 'key' AND said ->> 'key' = %(key)s
