-- All configuration revisions in the order in which they take force; the one applied last wins a tie.
SELECT config_id, effective_from = '-infinity', CASE WHEN effective_from = '-infinity' THEN NULL ELSE effective_from END,
       source, sha256
FROM config_revision c ORDER BY c.effective_from, c.config_id
