-- All that was entered about a line's or a machine's time in a range, the undone too, with who undid it; oldest first.
SELECT e.entry_id, e.kind, m.id, e.from_ts, e.to_ts, e.said, e.author, e.entered_at, e.why, u.entry_id, u.author, u.entered_at
FROM entry e LEFT JOIN machine m USING (machine_id) LEFT JOIN entry u ON u.undoes = e.entry_id
WHERE e.kind <> 'undo' AND (e.line_id = %(line_id)s OR e.line_id IS NULL)
  AND (%(machine_id)s::int IS NULL OR e.machine_id IS NULL OR e.machine_id = %(machine_id)s)
  AND e.from_ts < %(to)s AND (e.from_ts >= %(from)s OR e.to_ts > %(from)s)
ORDER BY e.entry_id
