"""The feed of published revisions, in the order in which they became visible."""

from __future__ import annotations

from datetime import date, datetime

from psycopg import Connection

from oee.source import Change
from oee.store.database import Row, fetch
from oee.store.results import kpi_id
from oee.store.times import from_us, to_us


def changes(conn: Connection[Row], line_id: int | None, since_us: int, after: int, limit: int) -> list[Change]:
    """Revisions numbered above ``after`` that were computed at or after ``since`` [µs UTC], at most ``limit``."""
    rows = fetch(conn, "results/changes", line_id=line_id, since=from_us(since_us), after=after, limit=limit)
    return [_change(*row) for row in rows]


def _change(
    number: int,
    line: str,
    machine: str | None,
    day: date,
    shift: str,
    revision: int,
    status: str,
    at: datetime,
    cause: str,
    instance_id: int,
    machine_id: int,
    author: str | None,
) -> Change:
    result_id = kpi_id(instance_id, machine_id, revision)
    return Change(number, line, machine, day.isoformat(), shift, revision, status, to_us(at), cause, result_id, author)
