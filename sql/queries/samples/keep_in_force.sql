-- What states, modes, faults, names and speeds said last before older samples are dropped is kept, at the edge: it is in
-- force on. Of what tells a state that is the last word, Good or not (S-28); of the rest the last Good value.
INSERT INTO sample (ts, tag_id, value, quality)
SELECT %(before)s, t.tag_id, s.value, s.quality FROM tag t CROSS JOIN LATERAL (
  SELECT value, quality FROM sample WHERE tag_id = t.tag_id AND ts < %(before)s
    AND (t.signal IN ('state', 'speed') OR quality >= 0 AND quality < 1073741824) ORDER BY ts DESC LIMIT 1) s
WHERE t.signal = ANY(%(signals)s)
ON CONFLICT DO NOTHING
