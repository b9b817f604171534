-- Counter decisions in a range.
SELECT at_ts, signal, kind, amount, why FROM counter_decision
WHERE machine_id = %(machine_id)s AND at_ts >= %(from)s AND at_ts < %(to)s ORDER BY at_ts, signal, kind
