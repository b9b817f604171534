-- Imported rows whose instant holds another value (S-11).
SELECT s.tag_id, s.ts, s.value, s.quality, o.value, o.quality
FROM sample_stage s JOIN sample o ON o.tag_id = s.tag_id AND o.ts = s.ts
WHERE s.value IS DISTINCT FROM o.value OR s.quality IS DISTINCT FROM o.quality
