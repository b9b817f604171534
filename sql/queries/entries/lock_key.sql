-- One request with an author's key at a time: who comes second is answered as the first.
SELECT pg_advisory_xact_lock(hashtext('oee.entry.key'), hashtext(%(author)s || ' ' || %(key)s))
