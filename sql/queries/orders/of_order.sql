-- Events of one order that hold, oldest first.
SELECT e.entry_id, e.from_ts, e.said->>'event', e.said->>'order', e.said->>'product', m.id, e.author
FROM entry e LEFT JOIN machine m USING (machine_id)
WHERE e.kind = 'order_event' AND e.said->>'order' = %(order)s
  AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id)
ORDER BY e.from_ts, e.entry_id
