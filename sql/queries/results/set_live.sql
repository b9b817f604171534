-- The live result, overwritten.
INSERT INTO result_live (instance_id, machine_id, computed_at, definition, document, glance)
VALUES (%(instance_id)s, %(machine_id)s, %(computed_at)s, %(definition)s, %(document)s, %(glance)s)
ON CONFLICT (instance_id, machine_id) DO UPDATE SET computed_at = excluded.computed_at, definition = excluded.definition,
  document = excluded.document, glance = excluded.glance
