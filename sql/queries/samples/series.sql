-- Samples of tags as arrays, read in binary without a row per value.
SELECT tag_id, array_agg(ts), array_agg(value), array_agg(quality)
FROM sample WHERE tag_id = ANY(%(tags)s) AND ts >= %(from)s AND ts < %(to)s
GROUP BY tag_id
