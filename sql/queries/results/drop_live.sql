-- A published shift has no live result.
DELETE FROM result_live WHERE instance_id = %(instance_id)s
