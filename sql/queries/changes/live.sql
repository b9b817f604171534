-- When each line's newest live result was computed; null where there is none.
SELECT n.id, max(l.computed_at) FROM line n LEFT JOIN
  (shift_instance i JOIN result_live l ON l.instance_id = i.instance_id AND l.machine_id = 0) USING (line_id)
GROUP BY n.id ORDER BY n.id
