-- What people and order systems enter: append-only, with who, when and why. An undo is an entry too, which names the one
-- that no longer holds; so the past of every figure can be read (S-51).

CREATE TABLE entry (
    entry_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    line_id     int REFERENCES line,        -- null: of the whole plant
    machine_id  int REFERENCES machine,     -- null: of the whole line
    from_ts     timestamptz,                -- the time that it says something of; null: of no time in particular
    to_ts       timestamptz,                -- null: one instant, or without an end
    said        jsonb NOT NULL,
    undoes      bigint UNIQUE REFERENCES entry,
    author      text NOT NULL,
    entered_at  timestamptz NOT NULL,
    why         text
);
CREATE INDEX entry_machine ON entry (machine_id, from_ts);
CREATE INDEX entry_line ON entry (line_id, from_ts);
CREATE INDEX entry_kind ON entry (kind, entry_id);
CREATE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was entered stays; undo it by another entry';
END $$;
CREATE TRIGGER entry_immutable BEFORE UPDATE OR DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION refuse_entry_change();

-- Why a machine is to be interpreted again, who asked for a shift anew, and whose entry made a revision; null: nobody's.
ALTER TABLE dirty ADD COLUMN cause text, ADD COLUMN author text;
ALTER TABLE ledger ADD COLUMN author text;
ALTER TABLE result ADD COLUMN author text;
