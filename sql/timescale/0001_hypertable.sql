-- `sample` as a hypertable with a chunk a day; runs only where the extension is installed. The function, not the
-- WITH clause: the latter fails on 2.19. The primary key is the only index: the b-tree is the limit of the write path.
SELECT create_hypertable('sample', 'ts', chunk_time_interval => interval '1 day',
    create_default_indexes => false, if_not_exists => true, migrate_data => true);
