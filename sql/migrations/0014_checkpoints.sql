-- Checkpoints lie in stops and silences too, and carry these: those of before are made again.
DELETE FROM checkpoint;
