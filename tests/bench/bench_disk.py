"""Disk per machine-day: the demo's history, imported and computed, table by table, beside the design's arithmetic."""

from __future__ import annotations

from oee.store.database import Database

BYTES_PER_ROW = 88
"""A sample with its share of the primary key's index, as measured when the schema was chosen."""
TABLES = {
    "samples": ("sample",),
    "liveness": ("liveness",),
    "facts": ("state_interval", "production", "counter_decision", "checkpoint"),
    "results": ("result", "result_status", "result_live"),
    "calendar and ledger": ("shift_instance", "ledger"),
}


def run(conninfo: str, machine_days: float) -> list[tuple[str, float, str]]:
    """Return (name, figure, unit); `machine_days` is how much of history the database holds."""
    with Database(conninfo) as db:
        _execute(db, "VACUUM ANALYZE")
        sizes = {name: sum(_size(db, table) for table in tables) for name, tables in TABLES.items()}
        count = int(_one(db, "SELECT count(*) FROM sample"))
        proofs = int(_one(db, "SELECT count(*) FROM liveness"))
    planned = count * BYTES_PER_ROW / machine_days
    return [
        ("sample rows per machine-day", count / machine_days, "rows"),
        ("samples by arithmetic, 88 B a row", planned / 1e6, "MB per machine-day"),
        *((f"{name}, measured", size / machine_days / 1e6, "MB per machine-day") for name, size in sizes.items()),
        ("a sample row, measured", sizes["samples"] / count, "B"),
        ("liveness rows per machine-day", proofs / machine_days, "rows"),
        ("all of it, measured", sum(sizes.values()) / machine_days / 1e6, "MB per machine-day"),
        ("samples against the arithmetic", sizes["samples"] / machine_days / planned, "×"),
    ]


def _size(db: Database, table: str) -> int:
    """A table with its indexes and TOAST, and all of its chunks [bytes]."""
    return int(
        _one(
            db,
            f"SELECT pg_total_relation_size('{table}') + coalesce(sum(pg_total_relation_size(inhrelid)), 0) "
            f"FROM pg_inherits WHERE inhparent = '{table}'::regclass",
        )
    )


def _one(db: Database, text: str) -> float:
    with db.transaction() as conn:
        row = conn.execute(text.encode()).fetchone()
    assert row
    return float(row[0])


def _execute(db: Database, text: str) -> None:
    """Outside of any transaction, as VACUUM asks."""
    with db.pool.connection() as conn:
        conn.autocommit = True
        conn.execute(text.encode())
        conn.autocommit = False
