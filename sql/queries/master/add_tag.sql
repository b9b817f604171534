-- A tag's number; made on first sight.
INSERT INTO tag (machine_id, signal)
SELECT m.machine_id, %(signal)s FROM machine m JOIN line l USING (line_id)
WHERE l.id = %(line)s AND m.id = %(machine)s
ON CONFLICT (machine_id, signal) DO NOTHING
