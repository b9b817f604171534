-- A mark in two halves: what is being worked off, and what came since. Else a machine whose interpretation takes longer
-- than its next sample is told anew from the same instant for ever.
ALTER TABLE dirty ALTER COLUMN from_ts DROP NOT NULL,
    ADD COLUMN taken_ts timestamptz, ADD COLUMN taken_cause text, ADD COLUMN taken_author text;
