-- Machines whose facts were made by other rules are told anew, from their first sample on.
INSERT INTO dirty (machine_id, from_ts)
SELECT machine_id, first_ts FROM machine_facts WHERE rules <> %(rules)s
ON CONFLICT (machine_id) DO UPDATE SET from_ts = least(dirty.from_ts, excluded.from_ts)
