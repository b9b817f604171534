-- The machine's first sample ever.
SELECT min(f.ts) FROM tag t
CROSS JOIN LATERAL (SELECT ts FROM sample WHERE tag_id = t.tag_id ORDER BY ts LIMIT 1) f
WHERE t.machine_id = %(machine_id)s
