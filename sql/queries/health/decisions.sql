-- Counter decisions of some machines in a range.
SELECT machine_id, at_ts, signal, kind, amount, why FROM counter_decision
WHERE machine_id = ANY(%(machines)s) AND at_ts >= %(from)s AND at_ts < %(to)s ORDER BY machine_id, at_ts, signal, kind
