-- The last proof of life before an instant.
SELECT max(least(through_ts, %(at)s)) FROM liveness WHERE machine_id = %(machine_id)s AND from_ts < %(at)s
