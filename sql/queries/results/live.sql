-- The live result of one (instance, machine).
SELECT computed_at, definition, document FROM result_live WHERE instance_id = %(instance_id)s AND machine_id = %(machine_id)s
