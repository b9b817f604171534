-- A machine's number; made on first sight.
INSERT INTO machine (line_id, id)
SELECT line_id, %(machine)s FROM line WHERE id = %(line)s
ON CONFLICT (line_id, id) DO NOTHING
