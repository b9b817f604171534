-- Up to where it is told how a machine fared on a source before an instant: the end of its last life or gap.
SELECT greatest(
    (SELECT max(least(through_ts, %(at)s)) FROM liveness
     WHERE machine_id = %(machine_id)s AND source = %(source)s AND from_ts < %(at)s),
    (SELECT max(least(to_ts, %(at)s)) FROM data_gap
     WHERE machine_id = %(machine_id)s AND source = %(source)s AND from_ts < %(at)s))
