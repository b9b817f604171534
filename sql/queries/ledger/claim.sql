-- One due shift that nobody else is at (R18): closed by the watermark, changed, or past its lateness. Newest first.
SELECT g.instance_id, g.start_ts, g.end_ts, g.status, g.cause, g.input_version, g.done_version, g.author FROM ledger g
WHERE g.line_id = %(line_id)s AND g.end_ts <= %(watermark)s
  AND (g.status = 'open' OR g.done_version < g.input_version
       OR (g.status = 'provisional' AND g.end_ts <= %(final_before)s))
  AND g.instance_id <> ALL(%(skip)s) AND g.start_ts < %(to)s AND g.end_ts > %(from)s
  AND NOT EXISTS (SELECT 1 FROM dirty d JOIN machine m USING (machine_id) WHERE m.line_id = g.line_id AND least(d.from_ts, d.taken_ts) < g.end_ts)
ORDER BY g.end_ts DESC LIMIT 1 FOR UPDATE OF g SKIP LOCKED
