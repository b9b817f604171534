-- People and machines that log in. Only hashes are stored: a dump of the database holds no usable password, key or session.

CREATE TABLE account (
  account_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  password_hash text NOT NULL, -- argon2id, with its parameters
  role text NOT NULL CHECK (role IN ('viewer', 'supervisor', 'engineer', 'admin', 'mes')),
  created_at timestamptz NOT NULL,
  disabled_at timestamptz
);
-- Anna and anna would be mistaken for each other, by people and in logs.
CREATE UNIQUE INDEX account_name ON account (lower(name));

CREATE TABLE api_key (
  prefix text PRIMARY KEY, -- the public part, by which a key is named in lists and logs
  name text NOT NULL,
  secret_sha256 bytea NOT NULL, -- the secret has 256 random bits, so a plain hash can't be guessed back
  role text NOT NULL CHECK (role IN ('viewer', 'supervisor', 'engineer', 'admin', 'mes')),
  scopes text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write']), -- narrows the role; empty: all that the role may
  created_at timestamptz NOT NULL,
  expires_at timestamptz, -- null: until revoked
  revoked_at timestamptz,
  last_used_at timestamptz
);

CREATE TABLE session (
  token_sha256 bytea PRIMARY KEY,
  account_id integer NOT NULL REFERENCES account,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);
