"""Shift patterns + zone → UTC instances that tile the production days (semantics, section 5). Pure.

Local wall-clock times exist only here and at display. A shift that the pattern lists on a day starts on that calendar
date; it belongs whole to the production day in which its nominal start lies (S-32), so a shift before ``day_start``
belongs to the day before. Who has the time is settled in nominal minutes; then they are resolved to instants.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from oee.config.dated import DatedShift, dated
from oee.config.model import CalendarConfig, CalendarException, PlantInfo
from oee.model import Category, ShiftInstance
from oee.wallclock import MINUTES_A_DAY, clock_hours, exists, local_date, month_of, resolve, to_us, week_of

__all__ = [
    "MINUTES_A_DAY",
    "OFF",
    "PlanPiece",
    "clock_hours",
    "exceptions_of",
    "instances",
    "local_date",
    "maintenance_windows",
    "month_of",
    "plan",
    "resolve",
    "to_us",
    "week_of",
]

OFF = "off"


@dataclass(frozen=True, slots=True)
class PlanPiece:
    """What the calendar says of a stretch: a category, or None where the machine decides.

    ``is_break`` tells breaks from planned maintenance that policy excludes as well: a run beats breaks only (S-27).
    """

    start_us: int
    end_us: int
    category: Category | None
    name: str = ""
    is_break: bool = False


def instances(
    line: str, calendar: CalendarConfig, plant: PlantInfo, first: date, last: date
) -> tuple[ShiftInstance, ...]:
    """Shift and off instances of the production days ``first … last``, in order, tiling them without gap (S-34).

    Raises
    ------
    ValueError
        if two shifts of the calendar overlap.
    """
    zone = ZoneInfo(plant.timezone)
    # a moved shift of 24 h listed two dates before may still be at work, and clip or displace others
    around = (first + timedelta(days=n) for n in range(-2, (last - first).days + 4))
    listed = [shift for day in around if exists(day, zone) for shift in dated(calendar, day)]
    shifts = _settled(line, calendar, plant, listed, zone)
    days = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    bounds = _day_bounds(days, plant, zone, shifts)
    starts = [s.start_us for s in shifts]
    return tuple(
        piece
        for day, (start, end) in zip(days, pairwise(bounds), strict=False)
        for piece in _tile(
            line, day.isoformat(), start, end, shifts[bisect_left(starts, start) : bisect_left(starts, end)]
        )
    )


@dataclass(frozen=True, slots=True)
class _Turn:
    """A shift of a date, its production day, and the nominal minutes that are left to it."""

    dated: DatedShift
    production: date
    start_min: int
    end_min: int


def _settled(
    line: str, calendar: CalendarConfig, plant: PlantInfo, listed: Sequence[DatedShift], zone: ZoneInfo
) -> list[ShiftInstance]:
    """Who has the time: a moved shift clips its neighbours, a cancelled one gives way to a working one."""
    turns = [_Turn(s, production_date(calendar, plant, s), s.start_min, s.end_min) for s in listed]
    working = sorted((t for t in turns if t.dated.is_worked), key=lambda t: t.start_min)
    kept = _in_turn([_instance(line, t, zone) for t in _turns(line, working)])
    for turn in turns:
        if not turn.dated.is_worked:
            off = replace(_instance(line, turn, zone), planned=False, cancelled=True, breaks=())
            if off.start_us < off.end_us and all(off.end_us <= k.start_us or k.end_us <= off.start_us for k in kept):
                kept.append(off)
    return sorted(kept, key=lambda s: s.start_us)


def _turns(line: str, working: Sequence[_Turn]) -> list[_Turn]:
    """Worked shifts in nominal order, moved ones whole, the others less what those take.

    Raises
    ------
    ValueError
        if two shifts of the pattern, or two moved ones, overlap.
    """
    moved, usual = [t for t in working if t.dated.is_moved], [t for t in working if not t.dated.is_moved]
    for a, b in (*pairwise(moved), *pairwise(usual)):
        if b.start_min < a.end_min:
            names = f"{a.dated.pattern.name} and {b.dated.pattern.name}"
            raise ValueError(f"shifts {names} of {line} overlap on {b.dated.day}")
    turns = [*moved, *(_clipped(t, moved) for t in usual)]
    return sorted((t for t in turns if t.start_min < t.end_min), key=lambda t: t.start_min)


def _clipped(turn: _Turn, moved: Sequence[_Turn]) -> _Turn:
    """A shift less the time that moved ones take, nothing if they take it all.

    Of two ends the longer is left; beside a shift of another production day, the one on its own day's side.
    """
    for m in moved:
        if m.start_min < turn.end_min and m.end_min > turn.start_min:
            before, after = replace(turn, end_min=m.start_min), replace(turn, start_min=m.end_min)
            if turn.production == m.production:
                turn = max(before, after, key=lambda t: t.end_min - t.start_min)
            else:
                turn = before if turn.production < m.production else after
    return turn


def _in_turn(shifts: Sequence[ShiftInstance]) -> list[ShiftInstance]:
    """Let each shift end when the next begins, even where the clock jumped forward over its end.

    With 02:00 → 03:00, a shift until 02:30 would end at 03:30 (S-31), half an hour into one that starts at 03:00: who
    starts at a time that exists starts then. A shift that is over before it begins is left out.

    Parameters
    ----------
    shifts : in nominal order, which the jump may have changed.
    """
    kept: list[ShiftInstance] = []
    next_us = None
    for shift in reversed(shifts):
        end = shift.end_us if next_us is None else min(shift.end_us, next_us)
        if shift.start_us < end:
            kept.append(replace(shift, end_us=end, breaks=_inside(shift.breaks, shift.start_us, end)))
            next_us = shift.start_us
    return kept[::-1]


def production_date(calendar: CalendarConfig, plant: PlantInfo, shift: DatedShift) -> date:
    """The production day in which a shift's nominal start lies (S-32); a moved shift keeps it."""
    nominal_min = calendar.shifts[shift.pattern.name].start_min
    return shift.day if nominal_min >= plant.day_start_min else shift.day - timedelta(days=1)


def exceptions_of(calendar: CalendarConfig, plant: PlantInfo, shift: ShiftInstance) -> list[CalendarException]:
    """Dated exceptions that say something of an instance: of its shift, or of the whole date that lists it."""
    pattern = calendar.shifts.get(shift.name)
    day = date.fromisoformat(shift.production_date)
    if pattern is not None and pattern.start_min < plant.day_start_min:
        day += timedelta(days=1)
    return [e for e in calendar.exceptions if e.date == day and e.shift in (None, shift.name)]


def _instance(line: str, turn: _Turn, zone: ZoneInfo) -> ShiftInstance:
    start, end = _resolved(turn.start_min, zone), _resolved(turn.end_min, zone)
    breaks = _inside(tuple(_breaks(turn, zone)), start, end)
    shift, day = turn.dated, turn.production.isoformat()
    return ShiftInstance(line, day, shift.pattern.name, start, end, breaks=breaks, team=shift.team)


def _resolved(minute: int, zone: ZoneInfo) -> int:
    """UTC µs of a nominal minute since year 1."""
    return resolve(date.fromordinal(minute // MINUTES_A_DAY), minute % MINUTES_A_DAY, zone)


def _breaks(turn: _Turn, zone: ZoneInfo) -> Iterator[tuple[int, int, str]]:
    """Breaks keep their nominal length from their resolved start (S-31).

    A moved shift may begin in the midst of a break, so the break of the day before and after are looked at as well.
    """
    midnight = turn.dated.day.toordinal() * MINUTES_A_DAY
    for b in turn.dated.pattern.breaks:
        length_min = (b.end_min - b.start_min) % MINUTES_A_DAY
        for n in (-1, 0, 1):
            start_min = midnight + b.start_min + n * MINUTES_A_DAY
            if start_min < turn.end_min and start_min + length_min > turn.start_min:
                start = _resolved(start_min, zone)
                yield start, start + length_min * 60_000_000, b.name


def _inside(breaks: Sequence[tuple[int, int, str]], start_us: int, end_us: int) -> tuple[tuple[int, int, str], ...]:
    """Breaks clipped to a shift; those outside it fall away."""
    clipped = ((max(a, start_us), min(b, end_us), name) for a, b, name in breaks)
    return tuple(b for b in clipped if b[0] < b[1])


def _day_bounds(days: Sequence[date], plant: PlantInfo, zone: ZoneInfo, shifts: Sequence[ShiftInstance]) -> list[int]:
    """Where production days start: at ``day_start``, but after the shifts of the days before and before their own."""
    ordered = sorted(shifts, key=lambda s: s.production_date)
    dates = [s.production_date for s in ordered]
    over = list(accumulate((s.end_us for s in ordered), max))
    begun = list(accumulate((s.start_us for s in reversed(ordered)), min))[::-1]
    bounds = []
    for day in days:
        n, bound = bisect_left(dates, day.isoformat()), resolve(day, plant.day_start_min, zone)
        bound = max(bound, over[n - 1]) if n else bound
        bounds.append(min(bound, begun[n]) if n < len(begun) else bound)
    return bounds


def _tile(line: str, day: str, start: int, end: int, shifts: Sequence[ShiftInstance]) -> Iterator[ShiftInstance]:
    """The day's shifts with ``off`` instances between them, numbered from the second on."""
    cursor, n = start, 0

    def off(until: int) -> ShiftInstance:
        name = OFF if n == 1 else f"{OFF}-{n}"
        return ShiftInstance(line, day, name, cursor, until, planned=False)

    for shift in shifts:
        if shift.start_us > cursor:
            n += 1
            yield off(shift.start_us)
        yield shift
        cursor = shift.end_us
    if cursor < end:
        n += 1
        yield off(end)


def maintenance_windows(calendar: CalendarConfig, machine: str, zone: ZoneInfo) -> list[tuple[int, int, str]]:
    """Planned maintenance of a machine as UTC pieces ``(start_us, end_us, name)``."""
    return [
        (to_us(w.start.replace(tzinfo=zone)), to_us(w.end.replace(tzinfo=zone)), w.name or "Maintenance")
        for w in calendar.maintenance
        if not w.machines or machine in w.machines
    ]


def plan(
    shifts: Sequence[ShiftInstance], maintenance: Sequence[tuple[int, int, str]], maintenance_as: Category
) -> list[PlanPiece]:
    """What the calendar says of every stretch that the instances tile (S-24: not scheduled and breaks rank first)."""
    pieces: list[PlanPiece] = []
    for shift in shifts:
        if not shift.planned:
            pieces.append(PlanPiece(shift.start_us, shift.end_us, Category.NOT_SCHEDULED, shift.name))
            continue
        marks = [(*b, Category.EXCLUDED, True) for b in shift.breaks]
        marks += [(*m, maintenance_as, False) for m in maintenance if m[0] < shift.end_us and m[1] > shift.start_us]
        pieces.extend(_shift_plan(shift, marks))
    return pieces


def _shift_plan(shift: ShiftInstance, marks: Sequence[tuple[int, int, str, Category, bool]]) -> Iterator[PlanPiece]:
    inner = {t for m in marks for t in m[:2] if shift.start_us < t < shift.end_us}
    edges = sorted({shift.start_us, shift.end_us, *inner})
    for a, b in pairwise(edges):
        here = [m for m in marks if m[0] <= a and b <= m[1]]
        best = min(here, key=lambda m: m[3], default=None)
        yield PlanPiece(a, b, best[3], best[2], best[4]) if best else PlanPiece(a, b, None)
