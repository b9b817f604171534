-- Stretches in which readings of a machine had to be given the collector's time, since the device's clock was off: the
-- flag clock_skew of every window that they reach into. Both ends belong to them.
CREATE TABLE clock_skew (
    machine_id  int NOT NULL REFERENCES machine,
    source      text NOT NULL,
    from_ts     timestamptz NOT NULL,
    through_ts  timestamptz NOT NULL,
    PRIMARY KEY (machine_id, source, from_ts)
);
