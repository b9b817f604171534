-- One account that may log in, by its name in any case.
SELECT name, role, password_hash
FROM account
WHERE lower(name) = lower(%(name)s) AND disabled_at IS NULL
