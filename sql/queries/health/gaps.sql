-- Gaps of some machines that reach into a range, and how much of each an import filled in [µs]; one that was opened and
-- closed at the same instant is none.
SELECT g.machine_id, g.source, g.from_ts, g.to_ts, g.reason, coalesce(f.filled_us, 0)
FROM data_gap g CROSS JOIN LATERAL (
  SELECT (1000000 * sum(extract(epoch FROM upper(r) - lower(r))))::bigint AS filled_us
  FROM unnest((
    SELECT range_agg(tstzrange(greatest(l.from_ts, g.from_ts), least(l.through_ts, g.to_ts)))
    FROM liveness l
    WHERE l.machine_id = g.machine_id AND l.source = %(import)s AND l.source <> g.source
      AND l.through_ts > g.from_ts AND (g.to_ts IS NULL OR l.from_ts < g.to_ts))) r) f
WHERE g.machine_id = ANY(%(machines)s) AND g.from_ts < %(to)s
  AND (g.to_ts IS NULL OR g.to_ts > greatest(g.from_ts, %(from)s))
ORDER BY g.machine_id, g.from_ts, g.source
