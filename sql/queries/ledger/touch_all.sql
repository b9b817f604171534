-- A configuration touches every shift that ends after it took force; a shift that comes out the same gets no revision.
UPDATE ledger SET input_version = input_version + 1, cause = 'configuration changed' WHERE end_ts > %(from)s::timestamptz
