-- Samples as an import takes them, in order of time; a machine's id alone where no other line has one like it.
SELECT to_char(s.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ts,
  CASE WHEN EXISTS (SELECT FROM machine other WHERE other.id = m.id AND other.machine_id <> m.machine_id)
    THEN l.id || '/' || m.id ELSE m.id END AS machine,
  t.signal,
  CASE WHEN s.value = 'NaN' THEN NULL WHEN t.signal = ANY(%(text_signals)s) THEN y.text ELSE s.value::text END AS value,
  CASE WHEN s.quality = 0 THEN 'good' ELSE (s.quality::bigint & 4294967295)::text END AS quality
FROM sample s JOIN tag t USING (tag_id) JOIN machine m USING (machine_id) JOIN line l USING (line_id)
LEFT JOIN symbol y ON y.symbol_id = CASE WHEN t.signal = ANY(%(text_signals)s) AND s.value <> 'NaN' THEN s.value::int END
WHERE s.ts >= %(from)s AND s.ts < %(to)s
  AND (%(line_id)s::int IS NULL OR l.line_id = %(line_id)s) AND (%(machine_id)s::int IS NULL OR m.machine_id = %(machine_id)s)
ORDER BY s.ts, s.tag_id
