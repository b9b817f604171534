-- Whether any account or key exists; disabled and revoked ones count, so that the door never opens again.
SELECT EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM api_key)
