-- The watermark of a source only moves forward.
INSERT INTO source_progress (source, delivered_through, reported_at, alive)
VALUES (%(source)s, %(through)s, now(), %(alive)s)
ON CONFLICT (source) DO UPDATE SET
  delivered_through = greatest(source_progress.delivered_through, excluded.delivered_through),
  reported_at = now(), alive = excluded.alive
