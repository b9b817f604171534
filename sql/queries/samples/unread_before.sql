-- Machines whose old samples no interpretation has seen yet.
SELECT count(*) FROM dirty WHERE least(from_ts, taken_ts) < %(before)s AND EXISTS (
  SELECT FROM tag t JOIN sample s USING (tag_id) WHERE t.machine_id = dirty.machine_id AND s.ts < %(before)s)
