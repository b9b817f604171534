-- The newest instant up to another one at which the machine ran: no standstill reaches across it. The last claim holds on.
SELECT CASE WHEN EXISTS (SELECT 1 FROM state_interval n WHERE n.machine_id = %(machine_id)s AND n.start_ts > r.start_ts)
            THEN least(r.end_ts, %(at)s) ELSE %(at)s END
FROM (SELECT start_ts, end_ts FROM state_interval
      WHERE machine_id = %(machine_id)s AND start_ts < %(at)s AND category = 6 ORDER BY start_ts DESC LIMIT 1) r
