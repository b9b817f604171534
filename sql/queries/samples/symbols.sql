-- Numbers of text values.
SELECT text, symbol_id FROM symbol WHERE text = ANY(%(texts)s)
