-- The newest proof of life of each line.
SELECT l.id, max(f.through_ts) FROM line l JOIN machine m USING (line_id) LEFT JOIN machine_facts f USING (machine_id)
GROUP BY l.id ORDER BY l.id
