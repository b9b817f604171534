"""What stands for shift instances: published, live and fresh, or computed here and now; and their sums (S-41)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from itertools import groupby
from operator import add

from oee.calendar import month_of, week_of
from oee.compute.calculator import subject
from oee.compute.rolled import Look, whole
from oee.errors import NotFoundError
from oee.model import FLAGS, ShiftInstance, ShiftResult, WindowResult
from oee.store.database import fetch_one
from oee.store.instances import StoredInstance, instances_in
from oee.store.results import LINE, live_result, published, published_range
from oee.store.times import to_us

FRESH_US = 8_000_000
"""A live result older than this is computed anew by the reader: the compute process may be down."""
US_PER_DAY = 86_400_000_000
REACH_BACK_US, REACH_ON_US = 2 * US_PER_DAY, 33 * US_PER_DAY
"""How far before a range its first period's first instance is looked for, and how far past it its last period ends."""
STATUSES = ("live", "provisional", "final")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole production days that are summed: bounds of the one that holds a day, and its name."""

    bounds: Callable[[date], tuple[date, date]]
    label: Callable[[date], str]


DAY = Period(lambda day: (day, day), lambda day: day.isoformat())
WEEK = Period(week_of, lambda monday: "{}-W{:02}".format(*monday.isocalendar()[:2]))
MONTH = Period(month_of, lambda first: f"{first:%Y-%m}")


def number_of(look: Look, line: str, machine: str | None) -> int:
    """The number under which results stand."""
    return LINE if machine is None else look.ids.machine(line, machine)


def newest(look: Look, stored: StoredInstance, machine: str | None) -> ShiftResult:
    """What stands for an instance.

    Raises
    ------
    NotFoundError
        It has not begun, or was over before the line's first data.
    """
    instance, now = stored.instance, look.now_us
    number = number_of(look, instance.line, machine)
    found = published(look.conn, stored.instance_id, number)
    if found is not None:
        return found
    found = live_result(look.conn, stored.instance_id, number)
    if found is not None and now - found.computed_us <= FRESH_US:
        return found
    if instance.start_us > now:
        raise NotFoundError(f"shift {instance.name} of {instance.production_date} has not started yet")
    if instance.end_us <= _first_us(look, instance.line):
        shift = f"{instance.name} of {instance.production_date}"
        raise NotFoundError(f"line {instance.line!r} has no data of shift {shift}: its first data are newer")
    who = subject(look.master, instance.line, machine, instance.start_us)
    found = whole(look, who, (instance.start_us, min(instance.end_us, now))).result(instance)
    return replace(found, id=f"{stored.instance_id}-{number}-live")


def _first_us(look: Look, line: str) -> int:
    """From when a line has data; now where it has none."""
    row = fetch_one(look.conn, "facts/line_first", line_id=look.ids.line(line))
    return min(to_us(row[0]), look.now_us) if row and row[0] is not None else look.now_us


def shifts(look: Look, line: str, machine: str | None, from_us: int, to_us_: int) -> list[ShiftResult]:
    """Newest results of the instances that start in the range and have begun, off time included."""
    stored = instances_in(look.conn, line, look.ids.line(line), from_us, min(to_us_, look.now_us))
    return _results(look, line, machine, [s for s in stored if s.instance.start_us >= from_us])


def _results(
    look: Look, line: str, machine: str | None, stored: Sequence[StoredInstance], *, brief: bool = False
) -> list[ShiftResult]:
    """Newest results of consecutive instances, less those before the first data and those to come."""
    if not stored:
        return []
    first_us, span = _first_us(look, line), (stored[0].instance.start_us, stored[-1].instance.end_us)
    number = number_of(look, line, machine)
    done = published_range(look.conn, look.ids.line(line), number, *span, brief=brief)
    begun = [s for s in stored if s.instance.start_us < look.now_us and s.instance.end_us > first_us]
    return [done.get(s.instance_id) or newest(look, s, machine) for s in begun]


def sums(look: Look, line: str, machine: str | None, from_us: int, to_us_: int, period: Period) -> list[ShiftResult]:
    """Sums of all instances of each period whose first instance starts in the range; ratios come after (S-41)."""
    reach = (from_us - REACH_BACK_US, to_us_ + REACH_ON_US)
    stored = instances_in(look.conn, line, look.ids.line(line), *reach)
    grouped = [(day, list(group)) for day, group in groupby(stored, key=lambda s: _first_day(s.instance, period))]
    wanted = {day for day, group in grouped if from_us <= group[0].instance.start_us < to_us_}
    results = _results(look, line, machine, [s for day, group in grouped if day in wanted for s in group], brief=True)
    to_come = {day for day, group in grouped if group[-1].instance.start_us >= look.now_us}
    parts = groupby(results, key=lambda r: _first_day(r.instance, period))
    return [_sum(day, list(group), period, running=day in to_come) for day, group in parts]


def period_of(
    look: Look, line: str, machine: str | None, day: date, period: Period
) -> tuple[ShiftResult, list[ShiftResult]]:
    """The sum of the period that holds a day, and the results that it is the sum of.

    Raises
    ------
    NotFoundError
        None of its instances has data.
    """
    first, last = period.bounds(day)
    midnight_us = (first - date(1970, 1, 1)).days * US_PER_DAY
    reach = (midnight_us - REACH_BACK_US, midnight_us + REACH_ON_US)
    stored = instances_in(look.conn, line, look.ids.line(line), *reach)
    inside = [s for s in stored if first <= date.fromisoformat(s.instance.production_date) <= last]
    parts = _results(look, line, machine, inside, brief=True)
    if not parts:
        raise NotFoundError(f"line {line!r} has no data of {period.label(first)}")
    return _sum(first, parts, period, running=inside[-1].instance.start_us >= look.now_us), parts


def _first_day(instance: ShiftInstance, period: Period) -> date:
    return period.bounds(date.fromisoformat(instance.production_date))[0]


def _sum(day: date, parts: Sequence[ShiftResult], period: Period, *, running: bool) -> ShiftResult:
    """One result of all parts of a period; live as long as any part is, or is still to come."""
    first, last, windows = parts[0], parts[-1], [p.window for p in parts]
    summed = WindowResult(
        first.window.start_us,
        last.window.end_us,
        reduce(add, (w.elements for w in windows)),
        flags=tuple(f for f in FLAGS if any(f in w.flags for w in windows)),
        quality_known=all(w.quality_known for w in windows),
        ideal_known=all(w.ideal_known for w in windows),
    )
    return replace(
        last,
        id=f"{first.line}-{first.machine or 'line'}-{period.label(day)}",
        instance=ShiftInstance(first.line, day.isoformat(), "", first.instance.start_us, last.instance.end_us),
        status="live" if running else min((p.status for p in parts), key=STATUSES.index),
        revision=None,
        computed_us=max(p.computed_us for p in parts),
        definition="; ".join(dict.fromkeys(p.definition for p in parts)),
        window=summed,
        hours=(),
        target_good_count=None,
        shift_target_good_count=None,
    )
