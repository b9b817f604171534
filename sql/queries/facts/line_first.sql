-- From when a line has data.
SELECT min(f.first_ts) FROM machine_facts f JOIN machine m USING (machine_id) WHERE m.line_id = %(line_id)s
