-- Until when each machine is proven alive.
SELECT n.id, m.id, f.through_ts FROM machine_facts f JOIN machine m USING (machine_id) JOIN line n USING (line_id)
