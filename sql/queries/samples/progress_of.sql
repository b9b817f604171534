-- Watermarks of the sources named.
SELECT source, delivered_through, reported_at, alive FROM source_progress WHERE source = ANY(%(sources)s)
