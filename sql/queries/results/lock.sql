-- One transaction at a time publishes: numbers of revisions become visible in their order.
SELECT pg_advisory_xact_lock(hashtext('oee.result'))
