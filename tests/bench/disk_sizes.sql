-- Each table of the service and what it takes on disk: with its indexes, its TOAST and all of its chunks [bytes].
SELECT t.relname,
       (pg_total_relation_size(t.oid) + coalesce(sum(pg_total_relation_size(i.inhrelid)), 0))::bigint AS size
FROM pg_class t
LEFT JOIN pg_inherits i ON i.inhparent = t.oid
WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
GROUP BY t.oid, t.relname
ORDER BY size DESC, t.relname
