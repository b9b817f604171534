-- A line's number; made on first sight.
INSERT INTO line (id) VALUES (%(id)s) ON CONFLICT (id) DO NOTHING
