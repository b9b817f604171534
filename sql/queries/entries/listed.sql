-- What was entered about a line, or the whole plant, and touches a range, oldest first, a page of it; and what undid it.
SELECT e.entry_id, e.kind, e.line_id, e.machine_id, e.from_ts, e.to_ts, e.said, e.undoes, e.author, e.entered_at, e.why,
  undo.entry_id
FROM entry e LEFT JOIN entry undo ON undo.undoes = e.entry_id
WHERE e.entry_id > %(after)s
  AND (e.line_id = %(line_id)s OR e.line_id IS NULL)
  AND (e.from_ts IS NULL OR (e.from_ts < %(to)s AND coalesce(e.to_ts, e.from_ts) >= %(from)s))
ORDER BY e.entry_id
LIMIT %(limit)s
