-- Who works a shift, where a rotation has teams (S-33).
ALTER TABLE shift_instance ADD COLUMN team text;
