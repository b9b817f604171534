-- The machine's first sample after an instant.
SELECT min(f.ts) FROM tag t
CROSS JOIN LATERAL (SELECT ts FROM sample WHERE tag_id = t.tag_id AND ts > %(after)s ORDER BY ts LIMIT 1) f
WHERE t.machine_id = %(machine_id)s
