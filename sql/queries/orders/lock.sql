-- Whoever writes orders of a line does it alone, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('orders'), %(line_id)s)
