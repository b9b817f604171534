-- A new key of a machine or program.
INSERT INTO api_key (prefix, name, secret_sha256, role, scopes, created_at, expires_at)
VALUES (%(prefix)s, %(name)s, %(secret_sha256)s, %(role)s, %(scopes)s, %(now)s, %(expires_at)s)
