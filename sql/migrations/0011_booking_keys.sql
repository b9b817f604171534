-- A request that is sent again must not book again: whoever enters something may name it by a key of their own.
CREATE UNIQUE INDEX entry_key ON entry (author, (said ->> 'key')) WHERE said ? 'key';
