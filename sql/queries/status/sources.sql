-- Each source of samples: up to when all is delivered, when it last reported, whether its devices answered then.
SELECT source, delivered_through, reported_at, alive FROM source_progress ORDER BY source
