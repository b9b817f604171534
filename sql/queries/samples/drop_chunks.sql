-- Retention of raw samples: whole chunks, in a tenth of a second (DELETE takes thirty times as long).
SELECT count(*) FROM drop_chunks('sample', older_than => %(before)s::timestamptz)
