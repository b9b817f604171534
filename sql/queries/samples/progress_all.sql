-- Watermarks of all sources.
SELECT source, delivered_through FROM source_progress
