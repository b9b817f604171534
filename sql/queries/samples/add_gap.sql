-- A gap, open where its end is not known yet; telling of it again changes nothing.
INSERT INTO data_gap (machine_id, source, from_ts, to_ts, reason)
VALUES (%(machine_id)s, %(source)s, %(from)s, %(to)s, %(reason)s)
ON CONFLICT (machine_id, source, from_ts) DO NOTHING
