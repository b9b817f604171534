-- One apply at a time.
LOCK TABLE config_revision IN EXCLUSIVE MODE
