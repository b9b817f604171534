-- What the database takes on its disk [bytes], and in how many chunks its samples lie; none without TimescaleDB.
SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_inherits WHERE inhparent = 'sample'::regclass)
