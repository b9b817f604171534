"""Known gaps in the collection: who was not collected, from when to when, and why (R4)."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection

from oee.store.database import Row, fetch
from oee.store.times import from_us, to_us

LOST = "readings were damaged on the collector's disk"
"""The reason of a gap in which the spool lost what had been read: the flag ``spool_dropped``."""


@dataclass(frozen=True, slots=True)
class DataGap:
    """A machine was not collected from `source` in ``[from_us, to_us)`` [µs UTC]; `to_us` None: it still is not."""

    machine_id: int
    source: str
    from_us: int
    to_us: int | None
    reason: str


def gaps(conn: Connection[Row], machine_id: int, from_us_: int, to_us_: int) -> list[DataGap]:
    """Gaps of a machine that reach into ``[from, to)`` [µs], whole, by their start; each of one source."""
    params = {"machine_id": machine_id, "from": from_us(from_us_), "to": from_us(to_us_)}
    return [
        DataGap(machine_id, source, to_us(start), None if end is None else to_us(end), reason)
        for source, start, end, reason in fetch(conn, "samples/gaps", **params)
    ]
