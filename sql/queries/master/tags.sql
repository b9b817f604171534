-- Every tag with the ids it stands for.
SELECT l.id, m.id, t.signal, l.line_id, m.machine_id, t.tag_id
FROM line l JOIN machine m USING (line_id) LEFT JOIN tag t USING (machine_id)
ORDER BY t.tag_id
