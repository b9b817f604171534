-- Code of the version before writes checkpoints without a checksum; such a one counts as damaged and is made again (R23).
ALTER TABLE checkpoint ALTER COLUMN checksum DROP NOT NULL;
