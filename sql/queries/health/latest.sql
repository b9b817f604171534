-- The newest sample of each tag of some machines, with the text that it stands for where its signal is one of texts.
SELECT t.machine_id, t.signal, s.ts, s.value, s.quality, y.text
FROM tag t
CROSS JOIN LATERAL (SELECT ts, value, quality FROM sample WHERE tag_id = t.tag_id ORDER BY ts DESC LIMIT 1) s
LEFT JOIN symbol y ON y.symbol_id = CASE WHEN t.signal = ANY(%(texts)s) AND s.value <> 'NaN' THEN s.value::int END
WHERE t.machine_id = ANY(%(machines)s)
