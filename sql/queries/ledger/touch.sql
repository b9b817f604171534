-- Inputs of these shifts changed (S-52): only what overlaps the change.
UPDATE ledger SET input_version = input_version + 1, cause = %(cause)s
WHERE line_id = %(line_id)s AND start_ts < %(to)s AND end_ts > %(from)s
