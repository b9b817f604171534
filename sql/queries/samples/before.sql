-- The second last Good sample of each tag before an instant, else the last: a jump is judged by the value after it (S-2).
SELECT t.tag_id, (SELECT min(ts) FROM (
    SELECT ts FROM sample WHERE tag_id = t.tag_id AND ts < %(at)s
      AND quality >= 0 AND quality < 1073741824 AND value <> 'NaN' ORDER BY ts DESC LIMIT 2) b)
FROM unnest(%(tags)s::int[]) AS t(tag_id)
