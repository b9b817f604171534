-- Nobody writes samples until the transaction ends; who does so now is waited for.
LOCK TABLE sample IN SHARE MODE
