-- A plant file as it was applied.
INSERT INTO config_revision (effective_from, sha256, source)
VALUES (%(effective_from)s, %(sha256)s, %(source)s) RETURNING config_id
