-- How far a machine's facts reach now.
INSERT INTO machine_facts (machine_id, first_ts, through_ts, hold_until_us, rules)
VALUES (%(machine_id)s, %(first)s, %(through)s, %(hold_until_us)s, %(rules)s)
ON CONFLICT (machine_id) DO UPDATE SET first_ts = least(machine_facts.first_ts, excluded.first_ts),
  through_ts = excluded.through_ts, hold_until_us = excluded.hold_until_us, rules = excluded.rules
