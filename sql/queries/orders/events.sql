-- Events of orders that hold, of a line, in order: from the last start at or before an instant on that every machine heard.
SELECT e.entry_id, e.from_ts, e.said->>'event', e.said->>'order', e.said->>'product', m.id, e.author
FROM entry e LEFT JOIN machine m USING (machine_id)
WHERE e.kind = 'order_event' AND e.line_id = %(line_id)s
  AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id)
  AND e.from_ts >= coalesce((
    SELECT s.from_ts FROM entry s
    WHERE s.kind = 'order_event' AND s.line_id = %(line_id)s AND s.from_ts <= %(from)s AND s.machine_id IS NULL
      AND s.said->>'event' = 'start' AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = s.entry_id)
    ORDER BY s.from_ts DESC LIMIT 1), '-infinity')
ORDER BY e.from_ts, e.entry_id
