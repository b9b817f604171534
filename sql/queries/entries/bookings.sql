-- Bookings of a line that sit in a range, those that were undone too, with the entry that undid each; oldest first.
SELECT e.entry_id, undo.entry_id FROM entry e LEFT JOIN entry undo ON undo.undoes = e.entry_id
WHERE e.kind = 'booking' AND e.line_id = %(line_id)s AND e.from_ts < %(to)s AND coalesce(e.to_ts, e.from_ts) >= %(from)s
ORDER BY e.entry_id
