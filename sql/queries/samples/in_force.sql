-- The last Good value of each tag at or before an instant.
SELECT t.tag_id, s.ts, s.value
FROM unnest(%(tags)s::int[]) AS t(tag_id)
CROSS JOIN LATERAL (SELECT ts, value FROM sample WHERE tag_id = t.tag_id AND ts <= %(at)s AND quality >= 0 AND quality < 1073741824
                    ORDER BY ts DESC LIMIT 1) s
