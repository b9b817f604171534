-- One entry, and whether it still holds.
SELECT e.entry_id, e.kind, e.line_id, e.machine_id, e.from_ts, e.to_ts, e.said, e.undoes, e.author, e.entered_at, e.why,
  NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id) AS holds
FROM entry e WHERE e.entry_id = %(entry_id)s
