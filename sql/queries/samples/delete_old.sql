-- Retention of raw samples on plain PostgreSQL.
DELETE FROM sample WHERE ts < %(before)s
