-- Intern text values.
INSERT INTO symbol (text) SELECT unnest(%(texts)s::text[]) ON CONFLICT (text) DO NOTHING
