-- Samples before this are about to be dropped: facts made of them stay as they are from now on (S-55).
UPDATE machine_facts SET samples_from = greatest(samples_from, %(before)s) WHERE first_ts < %(before)s
