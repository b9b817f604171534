-- Interpret all machines of a line again from an instant on, as far as they have facts.
INSERT INTO dirty (machine_id, from_ts)
SELECT f.machine_id, greatest(f.first_ts, %(from)s) FROM machine_facts f JOIN machine m USING (machine_id)
WHERE m.line_id = %(line_id)s AND f.through_ts >= %(from)s AND f.first_ts < %(to)s
ON CONFLICT (machine_id) DO UPDATE SET from_ts = least(dirty.from_ts, excluded.from_ts)
