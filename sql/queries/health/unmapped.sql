-- States that no profile knows: how long machines claimed them in a range [µs], and until when.
SELECT machine_id, coalesce(state, '?'),
  (1000000 * sum(extract(epoch FROM least(end_ts, %(to)s) - greatest(start_ts, %(from)s))))::bigint, max(least(end_ts, %(to)s))
FROM state_interval
WHERE machine_id = ANY(%(machines)s) AND unmapped AND start_ts < %(to)s AND end_ts > %(from)s
GROUP BY machine_id, coalesce(state, '?') ORDER BY machine_id, 2
