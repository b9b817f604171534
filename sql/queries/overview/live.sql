-- The newest live result of each line at a glance, however old, with the instance that it is of.
SELECT DISTINCT ON (i.line_id) r.instance_id, r.computed_at, r.definition, r.glance
FROM result_live r JOIN shift_instance i USING (instance_id)
WHERE r.machine_id = 0 AND r.glance IS NOT NULL AND NOT i.retired
ORDER BY i.line_id, i.start_ts DESC
