"""What an operator wants to know of the database's content at a glance; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass

from oee.store.database import Database
from oee.store.times import to_us


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source of samples, a connector or the import [µs UTC]: delivered up to, last reported, devices answered."""

    source: str
    through_us: int
    reported_us: int
    alive: bool


@dataclass(frozen=True, slots=True)
class LineStatus:
    """A line: its newest proof of life [µs UTC], and the newest shift published; None where there is none."""

    line: str
    newest_us: int | None
    production_date: str | None
    shift: str | None
    status: str | None
    revision: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it.

    Attributes
    ----------
    size_bytes : of the database.
    chunk_count : in how many chunks the samples lie; 0 without TimescaleDB.
    backlog_count : closed shifts that wait to be computed.
    unread_count : machines with data that no computation has seen.
    """

    size_bytes: int
    chunk_count: int
    backlog_count: int
    unread_count: int
    sources: tuple[SourceStatus, ...]
    lines: tuple[LineStatus, ...]


def overview(database: Database) -> Overview:
    """Read it.

    Raises
    ------
    DatabaseUnavailable
        The database can't be reached.
    """
    sources = (SourceStatus(n, to_us(t), to_us(r), alive) for n, t, r, alive in database.rows("status/sources"))
    lines = (
        LineStatus(line, None if newest is None else to_us(newest), None if day is None else day.isoformat(), *rest)
        for line, newest, day, *rest in database.rows("status/lines")
    )
    ((size_bytes, chunk_count),) = database.rows("status/size")
    backlog_count, unread_count = (database.rows(f"ledger/{name}")[0][0] for name in ("backlog", "unread"))
    return Overview(size_bytes, chunk_count, backlog_count, unread_count, tuple(sources), tuple(lines))
