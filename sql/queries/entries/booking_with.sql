-- The newest booking of a line that holds and says all of this.
SELECT e.entry_id FROM entry e
WHERE e.kind = 'booking' AND e.line_id = %(line_id)s AND e.said @> %(said)s
  AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id)
ORDER BY e.entry_id DESC LIMIT 1
