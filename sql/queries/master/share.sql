-- Nobody writes master data until this transaction ends; others may share.
LOCK TABLE config_revision IN SHARE MODE
