-- One booking of a line at a time: what it is checked against must stand until it is stored.
SELECT pg_advisory_xact_lock(hashtext('oee.entry.line'), %(line_id)s)
