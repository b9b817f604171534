-- Each line: its newest proof of life, and the newest shift that was published, with its status and revision.
SELECT l.id, d.newest, s.production_date, s.name, s.status, s.revision
FROM line l
LEFT JOIN LATERAL (
  SELECT max(f.through_ts) AS newest FROM machine m JOIN machine_facts f USING (machine_id) WHERE m.line_id = l.line_id
) d ON true
LEFT JOIN LATERAL (
  SELECT i.production_date, i.name, g.status, max(r.revision) AS revision
  FROM ledger g JOIN shift_instance i USING (instance_id) JOIN result r ON r.instance_id = i.instance_id AND r.machine_id = 0
  WHERE g.line_id = l.line_id AND g.status <> 'open' AND i.planned
  GROUP BY i.instance_id, i.production_date, i.name, g.status, g.end_ts ORDER BY g.end_ts DESC LIMIT 1
) s ON true
ORDER BY l.id
