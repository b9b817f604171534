-- Entries that reach into a range, where the range is late among many: what every live computation asks for.
CREATE INDEX entry_until ON entry (machine_id, (coalesce(to_ts, from_ts, 'infinity')));
