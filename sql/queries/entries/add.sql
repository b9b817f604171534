-- A new entry; nothing is ever changed.
INSERT INTO entry (kind, line_id, machine_id, from_ts, to_ts, said, undoes, author, entered_at, why)
VALUES (%(kind)s, %(line_id)s, %(machine_id)s, %(from)s, %(to)s, %(said)s, %(undoes)s, %(author)s, %(entered_at)s, %(why)s)
RETURNING entry_id
