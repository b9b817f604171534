-- Orders as they were last written, the newest first; of one id, or of a line, or all.
SELECT * FROM (
  SELECT DISTINCT ON (e.said->>'order') e.entry_id, l.id, m.id, e.said, e.author, e.entered_at
  FROM entry e JOIN line l USING (line_id) LEFT JOIN machine m USING (machine_id)
  WHERE e.kind = 'order' AND (%(order)s::text IS NULL OR e.said->>'order' = %(order)s)
    AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id)
  ORDER BY e.said->>'order', e.entry_id DESC) newest (entry_id, line, machine, said, author, entered_at)
WHERE (%(line)s::text IS NULL OR line = %(line)s) ORDER BY entry_id DESC LIMIT %(limit)s
