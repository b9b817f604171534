-- A running instance that nobody else is at and that is not published yet (R18).
SELECT instance_id FROM ledger WHERE instance_id = %(instance_id)s AND status = 'open' FOR UPDATE SKIP LOCKED
