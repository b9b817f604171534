-- A machine that is marked and that nobody else is at (R18). The machine is held, not its mark: new data never waits.
SELECT machine_id FROM dirty JOIN machine m USING (machine_id) WHERE machine_id <> ALL(%(skip)s)
ORDER BY least(from_ts, taken_ts) DESC LIMIT 1 FOR NO KEY UPDATE OF m SKIP LOCKED
