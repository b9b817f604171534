"""Shift instances and the ledger rows that go with them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from oee.errors import ConfigError
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


def instances_over(
    conn: Session, line: str, line_id: int, start_us: int, end_us: int, now_us: int, limit: int
) -> list[StoredInstance]:
    """Instances that overlap ``[start, end)``, are over and have data: the newest first, ``limit`` at most."""
    span = {"from": from_us(start_us), "to": from_us(end_us), "now": from_us(now_us)}
    return [_instance(line, row) for row in fetch(conn, "instances/over", line_id=line_id, limit=limit, **span)]


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


def put_instances(
    conn: Session,
    line: str,
    line_id: int,
    instances: Sequence[ShiftInstance],
    since_us: int,
    cause: str = "calendar changed",
    author: str | None = None,
) -> None:
    """Make the stored instances of the time covered equal to these; the ledger gets those that end after ``since``.

    Parameters
    ----------
    cause, author : why those that change are computed again, and whose entry asks for it.

    Raises
    ------
    ConfigError
        They do not tile their time, or two share date and name: one would silently take the other's place.
    """
    if not instances:
        return
    _check(line, instances)
    days = sorted({i.production_date for i in instances})
    span = {"line_id": line_id, "first": days[0], "last": days[-1]}
    rows = [(_instance(line, row[:-1]), row[-1]) for row in fetch(conn, "instances/days", **span)]
    known = {found.instance.key: found.instance_id for found, _ in rows}
    same = {found.instance for found, retired in rows if not retired}
    covered = {"from": from_us(instances[0].start_us), "to": from_us(instances[-1].end_us)}
    run(conn, "instances/retire", line_id=line_id, **covered, keys=[f"{i.production_date}/{i.name}" for i in instances])
    numbers = known | _put(conn, line, line_id, [i for i in instances if i not in same])
    due = [i for i in instances if i.end_us > since_us]
    changed = [(numbers[i.key], i, i.key in known and i not in same) for i in due]
    _to_ledger(conn, line_id, changed, cause, author)


def _check(line: str, instances: Sequence[ShiftInstance]) -> None:
    for a, b in pairwise(instances):
        if a.end_us != b.start_us:
            where = f"{a.production_date} {a.name} and {b.production_date} {b.name}"
            raise ConfigError(f"line {line}: {where} do not meet; apply the calendar with another --effective")
    keys = Counter(i.key for i in instances)
    twice = next((key for key, n in keys.items() if n > 1), None)
    if twice is not None:
        raise ConfigError(f"line {line} has {twice[1]} {twice[2]} twice; apply the calendar with another --effective")


Key = tuple[str, str, str]


def _put(conn: Session, line: str, line_id: int, instances: Sequence[ShiftInstance]) -> dict[Key, int]:
    """Write instances in one statement; their numbers."""
    if not instances:
        return {}
    columns = {
        "dates": [i.production_date for i in instances],
        "names": [i.name for i in instances],
        "starts": [from_us(i.start_us) for i in instances],
        "ends": [from_us(i.end_us) for i in instances],
        "planned": [i.planned for i in instances],
        "cancelled": [i.cancelled for i in instances],
        "breaks": [json.dumps(i.breaks) for i in instances],
        "teams": [i.team for i in instances],
    }
    rows = fetch(conn, "instances/upsert", line_id=line_id, **columns)
    return {(line, day.isoformat(), name): number for number, day, name in rows}


def _to_ledger(
    conn: Session, line_id: int, due: Sequence[tuple[int, ShiftInstance, bool]], cause: str, author: str | None
) -> None:
    """Have instances computed, those anew that the calendar changed."""
    if due:
        columns = {
            "numbers": [number for number, _, _ in due],
            "starts": [from_us(i.start_us) for _, i, _ in due],
            "ends": [from_us(i.end_us) for _, i, _ in due],
            "changed": [changed for _, _, changed in due],
        }
        run(conn, "ledger/add", line_id=line_id, cause=cause, author=author, **columns)
