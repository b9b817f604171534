-- Changes whenever a configuration is applied.
SELECT coalesce(max(config_id), 0) FROM config_revision
