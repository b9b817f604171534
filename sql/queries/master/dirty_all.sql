-- A configuration touches every machine that has facts, from when it is in force.
INSERT INTO dirty (machine_id, from_ts)
SELECT machine_id, greatest(first_ts, %(from)s::timestamptz) FROM machine_facts WHERE through_ts >= %(from)s::timestamptz
ON CONFLICT (machine_id) DO UPDATE SET from_ts = least(dirty.from_ts, excluded.from_ts)
