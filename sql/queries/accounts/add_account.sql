-- A new person.
INSERT INTO account (name, password_hash, role, created_at)
VALUES (%(name)s, %(password_hash)s, %(role)s, %(now)s)
