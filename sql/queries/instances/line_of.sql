-- The line of an instance, one that the calendar no longer knows too.
SELECT l.id FROM shift_instance i JOIN line l USING (line_id) WHERE i.instance_id = %(instance_id)s
