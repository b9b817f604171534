-- Entries of some kinds that hold (undone ones left out), of a line or machine or of all, that touch a range; oldest first.
SELECT e.entry_id, e.kind, e.line_id, e.machine_id, e.from_ts, e.to_ts, e.said, e.undoes, e.author, e.entered_at, e.why
FROM entry e
WHERE e.kind = ANY(%(kinds)s)
  AND (%(line_id)s::int IS NULL OR e.line_id = %(line_id)s)
  AND (%(machine_id)s::int IS NULL OR e.machine_id = %(machine_id)s)
  AND (%(from)s::timestamptz IS NULL OR coalesce(e.to_ts, e.from_ts, 'infinity') >= %(from)s)
  AND (%(to)s::timestamptz IS NULL OR e.from_ts < %(to)s OR e.from_ts IS NULL)
  AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id)
ORDER BY e.entry_id
