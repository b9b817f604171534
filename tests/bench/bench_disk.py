"""Disk per machine-day of the demo, every table of the catalogue, beside the design's arithmetic."""

from __future__ import annotations

from pathlib import Path

from oee.store.database import Database

BYTES_PER_ROW = 88
"""A sample with its share of the primary key's index, as measured when the schema was chosen."""
SHOWN_RATIO = 0.01
"""Tables with less than this part of the whole are told as one."""
SIZES = (Path(__file__).with_name("disk_sizes.sql")).read_text(encoding="utf-8")


def run(conninfo: str, machine_days: float) -> list[tuple[str, float, str]]:
    """Return (name, figure, unit); `machine_days` is how much of history the database holds."""
    unit = "MB per machine-day"
    with Database(conninfo) as db:
        written = sum(table_sizes(db).values())
        _execute(db, "VACUUM ANALYZE")
        sizes = table_sizes(db)
        count = int(_one(db, "SELECT count(*) FROM sample"))
        proofs = int(_one(db, "SELECT count(*) FROM liveness"))
    total, planned = sum(sizes.values()), count * BYTES_PER_ROW / machine_days
    large = {name: size for name, size in sizes.items() if size >= SHOWN_RATIO * total}
    rest = total - sum(large.values())
    return [
        ("sample rows per machine-day", count / machine_days, "rows"),
        ("liveness rows per machine-day", proofs / machine_days, "rows"),
        ("samples by arithmetic, 88 B a row", planned / 1e6, unit),
        *((name, size / machine_days / 1e6, unit) for name, size in large.items()),
        (f"the other {len(sizes) - len(large)} tables", rest / machine_days / 1e6, unit),
        ("all of it", total / machine_days / 1e6, unit),
        ("all of it, before VACUUM", written / machine_days / 1e6, unit),
        ("a sample row", sizes["sample"] / count, "B"),
        ("samples against the arithmetic", sizes["sample"] / machine_days / planned, "×"),
        ("all of it against the arithmetic", total / machine_days / planned, "×"),
    ]


def table_sizes(db: Database) -> dict[str, int]:
    """Each table of the service with its indexes, TOAST and chunks [bytes], the largest first."""
    with db.transaction() as conn:
        return {str(name): int(size) for name, size in conn.execute(SIZES.encode()).fetchall()}


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
