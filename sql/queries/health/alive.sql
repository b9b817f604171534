-- The newest proof of life of some machines, by source.
SELECT machine_id, source, max(through_ts) FROM liveness WHERE machine_id = ANY(%(machines)s) GROUP BY machine_id, source
