-- One at a time enters something about a machine's stops: who comes second sees what the first one said.
SELECT pg_advisory_xact_lock(hashtext('oee.entry'), %(machine_id)s)
