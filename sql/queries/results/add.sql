-- A new immutable revision (S-51).
INSERT INTO result (instance_id, machine_id, revision, computed_at, fingerprint, definition, cause, author, document)
VALUES (%(instance_id)s, %(machine_id)s, %(revision)s, %(computed_at)s, %(fingerprint)s, %(definition)s, %(cause)s, %(author)s, %(document)s)
RETURNING result_id
