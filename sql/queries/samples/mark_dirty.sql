-- Interpret this machine again from here on; the earliest mark wins.
INSERT INTO dirty (machine_id, from_ts) VALUES (%(machine_id)s, %(from)s)
ON CONFLICT (machine_id) DO UPDATE SET from_ts = least(dirty.from_ts, excluded.from_ts)
