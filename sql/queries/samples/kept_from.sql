-- Machines of which samples were dropped, and from where on theirs are kept.
SELECT machine_id, samples_from FROM machine_facts WHERE samples_from IS NOT NULL
