-- Events of orders that hold, of a line, in order: of each machine from its last start at or before an instant on, be it its
-- own or the whole line's. Where none has started, what was said before ends nothing.
WITH held AS NOT MATERIALIZED (
  SELECT entry_id, from_ts, machine_id, said, author FROM entry e
  WHERE kind = 'order_event' AND line_id = %(line_id)s
    AND NOT EXISTS (SELECT FROM entry undo WHERE undo.undoes = e.entry_id)),
begun AS MATERIALIZED (
  SELECT m.machine_id, coalesce(greatest(own.from_ts, whole.from_ts), %(from)s) AS from_ts
  FROM (SELECT from_ts FROM held WHERE machine_id IS NULL AND from_ts <= %(from)s AND said->>'event' = 'start'
        ORDER BY from_ts DESC LIMIT 1) whole
  RIGHT JOIN machine m ON true
  LEFT JOIN LATERAL (SELECT from_ts FROM held h WHERE h.machine_id = m.machine_id AND from_ts <= %(from)s
        AND said->>'event' = 'start' ORDER BY from_ts DESC LIMIT 1) own ON true
  WHERE m.line_id = %(line_id)s)
SELECT e.entry_id, e.from_ts, e.said->>'event', e.said->>'order', e.said->>'product', m.id, e.author
FROM held e LEFT JOIN machine m USING (machine_id)
WHERE e.from_ts >= (SELECT min(from_ts) FROM begun) AND EXISTS (
  SELECT FROM begun WHERE e.from_ts >= begun.from_ts AND (e.machine_id IS NULL OR e.machine_id = begun.machine_id))
ORDER BY e.from_ts, e.entry_id
