-- Machines with data that no computation has seen.
SELECT count(*) FROM dirty
