"""Shift instances and the ledger rows that go with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from oee.model import ShiftInstance
from oee.store.database import Row, Session, fetch, fetch_one, run
from oee.store.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance with its number."""

    instance_id: int
    instance: ShiftInstance


def _instance(line: str, row: Row) -> StoredInstance:
    number, day, name, start, end, planned, cancelled, breaks, *team = row
    pieces = tuple((b[0], b[1], b[2]) for b in breaks)
    span = to_us(start), to_us(end)
    return StoredInstance(number, ShiftInstance(line, day.isoformat(), name, *span, planned, cancelled, pieces, *team))


def instances_in(conn: Session, line: str, line_id: int, start_us: int, end_us: int) -> list[StoredInstance]:
    """Instances of a line that overlap ``[start, end)``, in order."""
    rows = fetch(conn, "instances/range", line_id=line_id, **{"from": from_us(start_us), "to": from_us(end_us)})
    return [_instance(line, row) for row in rows]


def running_instances(conn: Session, at_us: int) -> list[StoredInstance]:
    """The instance of each line that runs at an instant."""
    return [_instance(line, tuple(row)) for line, *row in fetch(conn, "overview/running", now=from_us(at_us))]


def coming_instances(conn: Session, lines: Sequence[str], after_us: int) -> list[ShiftInstance]:
    """The next planned shift of each of some lines."""
    rows = fetch(conn, "overview/coming", lines=list(lines), now=from_us(after_us))
    return [_instance(line, tuple(row)).instance for line, *row in rows]


def instance_named(conn: Session, line: str, line_id: int, date: str, name: str) -> StoredInstance | None:
    """One instance by its identity."""
    row = fetch_one(conn, "instances/one", line_id=line_id, date=date, name=name)
    return _instance(line, row) if row else None


def instance_numbered(conn: Session, line: str, instance_id: int) -> StoredInstance:
    """One instance by its number, which must exist."""
    return _instance(line, fetch(conn, "instances/by_id", instance_id=instance_id)[0])


def put_instances(conn: Session, line: str, line_id: int, instances: tuple[ShiftInstance, ...], since_us: int) -> None:
    """Make the stored instances of the days covered equal to these; the ledger gets those that end after ``since``."""
    if not instances:
        return
    days = sorted({i.production_date for i in instances})
    span = {"line_id": line_id, "first": days[0], "last": days[-1]}
    rows = [(_instance(line, row[:-1]), row[-1]) for row in fetch(conn, "instances/days", **span)]
    stored = {found.instance.key: (found, retired) for found, retired in rows}
    run(conn, "instances/retire", **span, keys=[f"{i.production_date}/{i.name}" for i in instances])
    for i in instances:
        known, retired = stored.get(i.key, (None, False))
        changed = known is not None and (retired or known.instance != i)
        number = known.instance_id if known and not changed else _put(conn, line_id, i)
        if i.end_us > since_us:
            _to_ledger(conn, line_id, number, i, changed=changed)


def _put(conn: Session, line_id: int, i: ShiftInstance) -> int:
    params = {
        "date": i.production_date,
        "name": i.name,
        "start": from_us(i.start_us),
        "end": from_us(i.end_us),
        "planned": i.planned,
        "cancelled": i.cancelled,
        "breaks": Jsonb(list(i.breaks), dumps=json.dumps),
        "team": i.team,
    }
    return int(fetch(conn, "instances/upsert", line_id=line_id, **params)[0][0])


def _to_ledger(conn: Session, line_id: int, number: int, i: ShiftInstance, *, changed: bool) -> None:
    span = {"start": from_us(i.start_us), "end": from_us(i.end_us)}
    run(conn, "ledger/add", instance_id=number, line_id=line_id, changed=changed, **span)
