-- A configuration touches every machine from when it is in force; one that had no meaning before, from its first sample.
INSERT INTO dirty (machine_id, from_ts, cause)
SELECT machine_id, coalesce(greatest(f.first_ts, %(from)s::timestamptz), '1970-01-01Z'), 'configuration changed'
FROM machine LEFT JOIN machine_facts f USING (machine_id)
WHERE f.machine_id IS NULL OR f.through_ts >= %(from)s::timestamptz
ON CONFLICT (machine_id) DO UPDATE SET from_ts = least(dirty.from_ts, excluded.from_ts), cause = excluded.cause, author = NULL
