-- Closed shifts that wait to be computed.
SELECT count(*) FROM ledger WHERE end_ts <= now() AND (status = 'open' OR done_version < input_version)
