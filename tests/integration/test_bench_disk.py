"""The bench of disk leaves no table out: what is added to the schema is counted without being named."""

from __future__ import annotations

import psycopg

from oee.store.database import Database
from tests.bench.bench_disk import table_sizes

HEAP = "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'"
FILL = """
    CREATE TABLE added (n int PRIMARY KEY);
    INSERT INTO added SELECT generate_series(1, 100000);
    INSERT INTO sample SELECT to_timestamp(n), 1, n, 0 FROM generate_series(1, 20000) AS n;
"""


def test_every_table_is_measured_with_its_indexes_and_chunks(database):
    with psycopg.connect(database, autocommit=True) as conn:
        with Database(database) as db:
            before = table_sizes(db)
            assert {"sample", "product_run", "data_gap", "symbol", "source_progress"} <= set(before)
            conn.execute(FILL)
            after = table_sizes(db)
        assert set(after) == {name for (name,) in conn.execute(HEAP)}
    assert after["added"] > 100_000 * 40, "a heap and an index"
    assert after["sample"] - before["sample"] > 20_000 * 60, "chunks of a hypertable"
