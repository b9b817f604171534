-- Texts of symbol numbers.
SELECT symbol_id, text FROM symbol WHERE symbol_id = ANY(%(ids)s)
