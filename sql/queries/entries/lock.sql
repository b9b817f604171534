-- One booking at a time: what it is checked against must stand until it is stored.
SELECT pg_advisory_xact_lock(hashtext('oee.entry'))
