-- A new session of an account that may log in; expired ones of anybody are swept out on the way.
WITH swept AS (DELETE FROM session WHERE expires_at <= %(now)s)
INSERT INTO session (token_sha256, account_id, created_at, expires_at)
SELECT %(token_sha256)s, account_id, %(now)s, %(expires_at)s
FROM account
WHERE lower(name) = lower(%(name)s) AND disabled_at IS NULL
