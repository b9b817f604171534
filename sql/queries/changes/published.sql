-- Revisions of lines published or settled after an instant, the newest first.
SELECT s.at, n.id, i.production_date, i.name, r.revision, s.status
FROM result_status s JOIN result r USING (result_id) JOIN shift_instance i USING (instance_id) JOIN line n USING (line_id)
WHERE s.at > %(after)s AND r.machine_id = 0 ORDER BY s.at DESC, s.result_id DESC LIMIT %(limit)s
