-- The feed of published revisions is asked for what was computed since an instant.
CREATE INDEX result_computed ON result (computed_at);
