"""Rows per second into `sample`: the store's own way, and a plain COPY row by row in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import psycopg

from oee.store.database import Database
from oee.store.samples import Columns, insert

_BATCH = 10_000
_BATCHES = 30
_START_US = 1_700_000_000_000_000
_PLAIN = "COPY sample (ts, tag_id, value, quality) FROM STDIN"


def run(conninfo: str) -> list[tuple[str, float, str]]:
    """Return (name, figure, unit). The server should be a durable one: commits are part of the work."""
    with Database(conninfo) as db, psycopg.connect(conninfo, autocommit=True) as plain:
        ours, theirs = [], []
        _insert(db, _batch(0))  # connects, and makes the first chunk
        for n in range(1, _BATCHES + 1):  # in turns, so that both see the same disk and the same table
            ours.append(_seconds(lambda n=n: _insert(db, _batch(2 * n))))
            theirs.append(_seconds(lambda n=n: _copy_rows(plain, _batch(2 * n + 1))))
        again = _seconds(lambda: _insert(db, _batch(2)))
    rate, plain_rate = (_BATCH * _BATCHES / sum(times) for times in (ours, theirs))
    return [
        ("COPY into sample", rate, "rows/s"),
        ("COPY into sample, slowest batch", max(ours) * 1000, "ms"),
        ("the same batch once more", _BATCH / again, "rows/s"),
        ("plain psycopg COPY, row by row", plain_rate, "rows/s"),
        ("COPY against plain", rate / plain_rate, "×"),
    ]


def _batch(number: int) -> Columns:
    """Ten thousand rows of 200 tags, one second apart."""
    row = np.arange(_BATCH)
    return Columns(
        _START_US + number * 50_000_000 + row // 200 * 1_000_000,
        (row % 200 + 1).astype(np.int32),
        (row + number).astype(np.float64),
        np.zeros(_BATCH, np.int32),
    )


def _insert(db: Database, batch: Columns) -> None:
    with db.transaction() as conn:
        insert(conn, batch)


def _copy_rows(conn: psycopg.Connection, batch: Columns) -> None:
    epoch = np.datetime64(0, "us")
    rows = zip(
        (epoch + batch.ts_us.astype("timedelta64[us]")).tolist(),
        batch.tag_id.tolist(),
        batch.value.tolist(),
        batch.quality.tolist(),
        strict=True,
    )
    with conn.transaction(), conn.cursor().copy(_PLAIN) as copy:
        for row in rows:
            copy.write_row(row)


def _seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
