-- Changes whenever a configuration is applied or written by API; both are written one at a time (see lock).
SELECT (SELECT coalesce(max(config_id), 0) FROM config_revision),
  greatest((SELECT max(entry_id) FROM entry WHERE kind = 'exception'), (SELECT max(entry_id) FROM entry WHERE kind = 'targets'),
    (SELECT max(entry_id) FROM entry WHERE kind = 'product'), 0)
