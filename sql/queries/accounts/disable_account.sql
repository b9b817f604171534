-- Shuts an account out; its sessions end with it, because reading a session asks for it again.
UPDATE account
SET disabled_at = coalesce(disabled_at, %(now)s)
WHERE lower(name) = lower(%(name)s)
RETURNING name
