-- A status event; the first of its kind stands.
INSERT INTO result_status (result_id, status, at) VALUES (%(result_id)s, %(status)s, %(at)s) ON CONFLICT DO NOTHING
