"""Samples out of the database again, streamed: memory holds a piece of them, however many there are."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import Connection, sql

from oee.store.database import Row
from oee.store.samples import TEXT_SIGNALS
from oee.store.sql import query
from oee.store.times import from_us


def exported(
    conn: Connection[Row], line_id: int | None, machine_id: int | None, from_us_: int, to_us_: int
) -> Iterator[bytes]:
    """Samples of ``[from, to)`` [µs UTC] as CSV: first the header, then row by row in order of time.

    Parameters
    ----------
    line_id, machine_id : of this line or machine alone; None is all.
    """
    copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(sql.SQL(query("samples/export")))
    params = {
        "text_signals": sorted(TEXT_SIGNALS),
        "line_id": line_id,
        "machine_id": machine_id,
        "from": from_us(from_us_),
        "to": from_us(to_us_),
    }
    with conn.cursor().copy(copy, params) as rows:
        for piece in rows:
            yield bytes(piece)
