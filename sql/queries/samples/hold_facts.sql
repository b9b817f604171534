-- Whoever interprets these machines is waited for, and waits, before writers of samples have to.
SELECT FROM machine_facts WHERE first_ts < %(before)s ORDER BY machine_id FOR NO KEY UPDATE
