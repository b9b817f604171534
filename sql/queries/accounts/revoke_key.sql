-- Ends a key for good.
UPDATE api_key
SET revoked_at = coalesce(revoked_at, %(now)s)
WHERE prefix = %(prefix)s
RETURNING name
