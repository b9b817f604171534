-- When each collector reported last.
SELECT source, reported_at FROM source_progress
