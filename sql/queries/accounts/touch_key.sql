-- Notes when a key was last used.
UPDATE api_key
SET last_used_at = %(now)s
WHERE prefix = %(prefix)s
