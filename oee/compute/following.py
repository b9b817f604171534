"""What follows from a change of master data: shifts laid out anew, machines read anew, shifts computed anew (S-52)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from oee.compute.differences import Configs, Span, judged_otherwise, read_otherwise
from oee.compute.plan import AROUND, first_data_us, planned_days, timeline
from oee.errors import ConfigError, InputError
from oee.model import ShiftInstance
from oee.store.database import Session, run
from oee.store.facts import run_after_us, run_before_us
from oee.store.instances import put_instances
from oee.store.master import Ids
from oee.store.results import touch
from oee.store.times import FAR_US, from_us

US_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """Configurations before and after, and what the new revisions are to tell.

    ``dates`` are those whose exceptions change; None: any day may be laid out otherwise.
    """

    before: Configs
    after: Configs
    cause: str
    author: str | None = None
    dates: tuple[date, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """What of one line a change touches: stretches to compute anew, machines to read anew from an instant on.

    ``new`` are shifts that there were not before.
    """

    line: str
    spans: tuple[Span, ...]
    reread: tuple[tuple[str, int], ...] = ()
    new: frozenset[tuple[str, str, str]] = frozenset()


def touched_by(conn: Session, ids: Ids, change: Change, now_us: int) -> list[Touched]:
    """Find what a change touches, line by line, and write the shift instances that it lays out otherwise.

    Raises
    ------
    InputError
        A line's shifts can't be laid out so.
    """
    lines = dict.fromkeys(line for configs in (change.before, change.after) for c in configs for line in c.plant.lines)
    found = [_touched(conn, ids, line, change, now_us) for line in lines if line in ids.lines]
    return [t for t in found if t.spans or t.reread]


def _touched(conn: Session, ids: Ids, line: str, change: Change, now_us: int) -> Touched:
    spans = judged_otherwise(line, change.before, change.after)
    machines = [machine for of, machine in ids.machines if of == line]
    since = {m: read_otherwise((line, m), change.before, change.after) for m in machines}
    reread = tuple((m, us) for m, us in since.items() if us is not None)
    touched = Touched(line, tuple(_widened(conn, ids, line, *span) for span in spans), reread)
    days = _days(conn, ids, line, change, now_us)
    return touched if days is None else _laid_out(conn, ids, touched, change, days)


def _days(conn: Session, ids: Ids, line: str, change: Change, now_us: int) -> tuple[date, date] | None:
    """Days of the plan that may be laid out otherwise; None if there are none."""
    first, _, last = planned_days(change.after, first_data_us(conn, ids, line), now_us)
    if change.dates is None:
        return first, last
    span = [d for day in change.dates for d in (day - AROUND, day + AROUND)]
    first, last = max(min(span, default=last), first), min(max(span, default=first), last)
    return (first, last) if change.dates and first <= last else None


def _laid_out(conn: Session, ids: Ids, touched: Touched, change: Change, days: tuple[date, date]) -> Touched:
    """Write the instances of some days where they differ; those around them are touched as far as standstills reach."""
    line = touched.line
    try:
        old = timeline(line, change.before, *days)
        new = timeline(line, change.after, *days)
        moved = _hull(set(old) ^ set(new))
        if moved is None:
            return touched
        first_us = first_data_us(conn, ids, line)
        due_us = FAR_US if first_us is None else first_us
        put_instances(conn, line, ids.line(line), new, due_us, change.cause, change.author)
    except (ValueError, ConfigError) as error:
        raise InputError(f"the shifts can't be laid out so: {error}") from error
    fresh = frozenset(i.key for i in new) - {i.key for i in old}
    return replace(touched, spans=(*touched.spans, _widened(conn, ids, line, *moved)), new=fresh)


def _hull(instances: set[ShiftInstance]) -> Span | None:
    if not instances:
        return None
    return min(i.start_us for i in instances), max(i.end_us for i in instances)


def _widened(conn: Session, ids: Ids, line: str, start_us: int, end_us: int) -> Span:
    """A stretch with the standstills that reach into it (S-23), a day at most: what stood longer is decided."""
    machines = [number for (of, _), number in ids.machines.items() if of == line]
    since = [run_before_us(conn, m, start_us) for m in machines]
    until = [run_after_us(conn, m, end_us) for m in machines]
    first = min((max(us, start_us - US_PER_DAY) for us in since if us is not None), default=start_us)
    last = max((min(us, end_us + US_PER_DAY) for us in until if us is not None), default=end_us)
    return first, last


def make_due(conn: Session, ids: Ids, touched: Sequence[Touched], change: Change) -> None:
    """Have all that a change touches done by the workers: machines first, in the order in which they are held."""
    rereads = sorted((ids.machine(t.line, m), us) for t in touched for m, us in t.reread)
    said = {"cause": change.cause, "author": change.author}
    for machine_id, since_us in rereads:
        run(conn, "facts/read_again", machine_id=machine_id, **{"from": from_us(since_us)}, **said)
    for t in sorted(touched, key=lambda t: ids.line(t.line)):
        for start_us, end_us in t.spans:
            touch(conn, ids.line(t.line), start_us, end_us, change.cause, change.author)
