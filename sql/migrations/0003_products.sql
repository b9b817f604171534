-- Products and orders of a machine as facts, and checkpoints that prove themselves.

-- What a machine makes from start_ts on, until its next row; `change` marks another one than the last known (S-25).
CREATE TABLE product_run (
    machine_id  int NOT NULL,
    start_ts    timestamptz NOT NULL,
    product     text,
    "order"     text,
    change      boolean NOT NULL,
    PRIMARY KEY (machine_id, start_ts)
);
ALTER TABLE production ADD COLUMN product text, ADD COLUMN "order" text;

-- Text with a checksum of its own; those of before know no product and are made again with the facts.
DELETE FROM checkpoint;
ALTER TABLE checkpoint ALTER COLUMN payload TYPE text USING payload::text, ADD COLUMN checksum text NOT NULL;
