-- Work done: the version computed, and the shift's status.
UPDATE ledger SET done_version = %(version)s, status = %(status)s WHERE instance_id = %(instance_id)s
