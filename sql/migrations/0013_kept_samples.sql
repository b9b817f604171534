-- From where on a machine's samples are kept; null: all of them. Facts before it are no longer told anew (S-55).
ALTER TABLE machine_facts ADD COLUMN samples_from timestamptz;
