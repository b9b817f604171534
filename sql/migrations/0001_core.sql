-- The core schema: identities, samples and liveness, facts, shift instances, results as revisions, the ledger.
-- Plain PostgreSQL; sql/timescale/ turns `sample` into a hypertable where the extension is there.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Identities: small integers for the plant file's ids; never deleted, so that history keeps its meaning.
CREATE TABLE line (
    line_id  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       text NOT NULL UNIQUE
);
CREATE TABLE machine (
    machine_id  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line_id     int NOT NULL REFERENCES line,
    id          text NOT NULL,
    UNIQUE (line_id, id)
);
CREATE TABLE tag (
    tag_id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine_id  int NOT NULL REFERENCES machine,
    signal      text NOT NULL,
    UNIQUE (machine_id, signal)
);
-- Text values (states, modes, faults) interned: a sample holds the symbol's number.
CREATE TABLE symbol (
    symbol_id  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text       text NOT NULL UNIQUE
);

-- Effective-dated configuration: the plant file as it was applied. The first is valid from the beginning (S-54).
CREATE TABLE config_revision (
    config_id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    effective_from  timestamptz NOT NULL,
    applied_at      timestamptz NOT NULL DEFAULT now(),
    sha256          text NOT NULL,
    source          text NOT NULL
);
CREATE INDEX config_revision_effective ON config_revision (effective_from, config_id);

-- Samples by exception. quality is the OPC UA StatusCode, as a signed 32-bit number; only Good values are used (S-28).
CREATE TABLE sample (
    ts       timestamptz NOT NULL,
    tag_id   int NOT NULL,
    value    float8 NOT NULL,
    quality  int NOT NULL,
    PRIMARY KEY (tag_id, ts)
);

-- Proof of life beside the samples: stretches extended in place, per machine and source (connector, or 'import').
CREATE TABLE liveness (
    machine_id  int NOT NULL REFERENCES machine,
    source      text NOT NULL,
    from_ts     timestamptz NOT NULL,
    through_ts  timestamptz NOT NULL,
    PRIMARY KEY (machine_id, source, from_ts),
    CHECK (from_ts <= through_ts)
);
-- The watermark of each source: everything up to delivered_through is in `sample` (S-50).
CREATE TABLE source_progress (
    source             text PRIMARY KEY,
    delivered_through  timestamptz NOT NULL,
    reported_at        timestamptz NOT NULL DEFAULT now(),
    alive              boolean NOT NULL
);
-- Missing stretches that are known to be missing; never silence.
CREATE TABLE data_gap (
    gap_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine_id  int NOT NULL REFERENCES machine,
    source      text NOT NULL,
    from_ts     timestamptz NOT NULL,
    to_ts       timestamptz,
    reason      text NOT NULL,
    UNIQUE (machine_id, source, from_ts)
);

-- Dirty marks, written in the transaction that writes the samples: interpret this machine again from here on.
CREATE TABLE dirty (
    machine_id  int PRIMARY KEY REFERENCES machine,
    from_ts     timestamptz NOT NULL
);

-- Facts: raw claims of the machine, parts per minute, decisions; one writer per machine, replaced from a checkpoint on.
CREATE TABLE machine_facts (
    machine_id  int PRIMARY KEY REFERENCES machine,
    first_ts    timestamptz NOT NULL,
    through_ts  timestamptz NOT NULL,
    hold_until_us  bigint NOT NULL,  -- µs since 1970; 2^62 where a value holds until the next one
    rules       text NOT NULL
);
CREATE TABLE state_interval (
    machine_id  int NOT NULL,
    start_ts    timestamptz NOT NULL,
    end_ts      timestamptz NOT NULL,
    category    smallint NOT NULL,
    state       text,
    reason      text,
    setup       boolean NOT NULL DEFAULT false,
    unmapped    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (machine_id, start_ts),
    CHECK (start_ts < end_ts)
);
CREATE TABLE production (
    machine_id    int NOT NULL,
    start_ts      timestamptz NOT NULL,
    end_ts        timestamptz NOT NULL,
    total_count   bigint NOT NULL,
    good_count    bigint NOT NULL,
    reject_count  bigint NOT NULL,
    rework_count  bigint NOT NULL,
    PRIMARY KEY (machine_id, start_ts)
);
CREATE TABLE counter_decision (
    machine_id  int NOT NULL,
    at_ts       timestamptz NOT NULL,
    signal      text NOT NULL,
    kind        text NOT NULL,
    amount      text NOT NULL,
    why         text NOT NULL,
    PRIMARY KEY (machine_id, at_ts, signal, kind)
);
CREATE TABLE checkpoint (
    machine_id  int NOT NULL,
    at_ts       timestamptz NOT NULL,
    payload     jsonb NOT NULL,
    PRIMARY KEY (machine_id, at_ts)
);

-- Shift instances, off time included; those of a line never overlap (S-33). Identity: line, production date, name.
CREATE TABLE shift_instance (
    instance_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line_id          int NOT NULL REFERENCES line,
    production_date  date NOT NULL,
    name             text NOT NULL,
    start_ts         timestamptz NOT NULL,
    end_ts           timestamptz NOT NULL,
    planned          boolean NOT NULL,
    cancelled        boolean NOT NULL,
    breaks           jsonb NOT NULL,
    retired          boolean NOT NULL DEFAULT false,  -- the calendar no longer knows it; kept for its published revisions
    UNIQUE (line_id, production_date, name),
    CHECK (start_ts < end_ts),
    CONSTRAINT shift_instance_no_overlap
        EXCLUDE USING gist (line_id WITH =, tstzrange(start_ts, end_ts) WITH &&) WHERE (NOT retired)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX shift_instance_start ON shift_instance (line_id, start_ts);

-- Results: immutable revisions (S-51). machine_id 0 is the line itself. `detail` holds segments, stops, hours, decisions.
CREATE TABLE result (
    result_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id  bigint NOT NULL REFERENCES shift_instance,
    machine_id   int NOT NULL,
    revision     int NOT NULL CHECK (revision > 0),
    computed_at  timestamptz NOT NULL,
    fingerprint  text NOT NULL,
    definition   text NOT NULL,
    cause        text NOT NULL,
    document     jsonb NOT NULL,
    UNIQUE (instance_id, machine_id, revision)
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'published revisions never change (S-51)';
END $$;
CREATE TRIGGER result_immutable BEFORE UPDATE OR DELETE ON result
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- Status is an event beside the immutable revision (S-50).
CREATE TABLE result_status (
    result_id  bigint NOT NULL REFERENCES result,
    status     text NOT NULL CHECK (status IN ('provisional', 'final')),
    at         timestamptz NOT NULL,
    PRIMARY KEY (result_id, status)
);
-- Live results, overwritten, without a revision number.
CREATE TABLE result_live (
    instance_id  bigint NOT NULL REFERENCES shift_instance,
    machine_id   int NOT NULL,
    computed_at  timestamptz NOT NULL,
    definition   text NOT NULL,
    document     jsonb NOT NULL,
    PRIMARY KEY (instance_id, machine_id)
);

-- The ledger: what is to be computed. A scan finds due rows; timers are only a hint (R19).
CREATE TABLE ledger (
    instance_id    bigint PRIMARY KEY REFERENCES shift_instance,
    line_id        int NOT NULL REFERENCES line,
    start_ts       timestamptz NOT NULL,
    end_ts         timestamptz NOT NULL,
    input_version  bigint NOT NULL DEFAULT 1,
    done_version   bigint NOT NULL DEFAULT 0,
    status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'provisional', 'final')),
    cause          text NOT NULL DEFAULT 'shift closed'
);
CREATE INDEX ledger_due ON ledger (end_ts) WHERE status <> 'final' OR done_version < input_version;
