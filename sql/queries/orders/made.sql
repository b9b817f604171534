-- Pieces that some machines of a line counted for an order since an instant.
SELECT coalesce(sum(p.total_count), 0)::bigint FROM production p
JOIN machine m USING (machine_id) JOIN line l USING (line_id)
WHERE l.id = %(line)s AND m.id = ANY(%(machines)s) AND p.start_ts >= %(from)s AND p."order" = %(order)s
