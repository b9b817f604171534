-- The live result, overwritten.
INSERT INTO result_live (instance_id, machine_id, computed_at, definition, document)
VALUES (%(instance_id)s, %(machine_id)s, %(computed_at)s, %(definition)s, %(document)s)
ON CONFLICT (instance_id, machine_id) DO UPDATE SET computed_at = excluded.computed_at, definition = excluded.definition,
  document = excluded.document
