-- One key that is neither revoked nor expired, by its public part; and whether its last use is worth noting anew:
-- to the minute, so that a poller does not cost one write per read.
SELECT name, role, scopes, secret_sha256,
  last_used_at IS NULL OR last_used_at < %(now)s - interval '1 minute'
FROM api_key
WHERE prefix = %(prefix)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %(now)s)
