-- Live results of lines at a glance, newer than an instant.
SELECT instance_id, computed_at, definition, glance
FROM result_live
WHERE machine_id = 0 AND glance IS NOT NULL AND instance_id = ANY(%(instances)s) AND computed_at >= %(since)s
