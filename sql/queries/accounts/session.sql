-- Whose session this is, while it lasts and its account may log in.
SELECT account.name, account.role
FROM session JOIN account USING (account_id)
WHERE token_sha256 = %(token_sha256)s AND expires_at > %(now)s AND disabled_at IS NULL
