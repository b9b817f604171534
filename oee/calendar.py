"""Shift patterns + zone → UTC instances that tile the production days (semantics, section 5). Pure.

Local wall-clock times exist only here and at display. A shift that the pattern lists on a day starts on that calendar
date; it belongs whole to the production day in which its nominal start lies (S-32), so a shift before ``day_start``
belongs to the day before.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from oee.config.model import CalendarConfig, CalendarException, PlantInfo, ShiftPattern
from oee.model import Category, ShiftInstance

MINUTES_A_DAY = 1440
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


def resolve(day: date, minute: int, zone: ZoneInfo) -> int:
    """UTC µs of a local wall-clock time (S-31).

    Parameters
    ----------
    day : local date.
    minute : minutes after its midnight, may pass 1440.
    zone : IANA zone. A time that does not exist moves forward by the gap, an ambiguous one is its first occurrence:
        both are what ``fold=0`` means.
    """
    carried = day + timedelta(days=minute // MINUTES_A_DAY)
    clock = time(minute % MINUTES_A_DAY // 60, minute % 60)
    return to_us(datetime.combine(carried, clock, tzinfo=zone))


def to_us(moment: datetime) -> int:
    """Integer µs since the epoch of an aware datetime, without a detour through floats."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def local_date(us: int, zone: ZoneInfo) -> date:
    """Local date of an instant [µs UTC]."""
    return datetime.fromtimestamp(us // 1_000_000, tz=zone).date()


def week_of(production_date: date) -> tuple[date, date]:
    """First and last production day of the ISO week, Monday first, that holds a production day (S-41)."""
    monday = production_date - timedelta(days=production_date.weekday())
    return monday, monday + timedelta(days=6)


def month_of(production_date: date) -> tuple[date, date]:
    """First and last production day of the calendar month that holds a production day (S-41)."""
    first = production_date.replace(day=1)
    return first, first + timedelta(days=monthrange(first.year, first.month)[1] - 1)


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
    listed = [
        shift
        for n in range(-1, (last - first).days + 3)
        for shift in _shifts_of(line, calendar, plant, first + timedelta(days=n), zone)
    ]
    shifts = _without_overlap(sorted(listed, key=lambda s: s.start_us), _moved_keys(line, calendar, plant))
    days = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    bounds = [_day_bound(day, plant, zone, shifts) for day in days]
    return tuple(
        piece
        for day, start, end in zip(days, bounds[:-1], bounds[1:], strict=False)
        for piece in _tile(line, day.isoformat(), start, end, shifts)
    )


def _listed_names(calendar: CalendarConfig, day: date) -> tuple[str, ...]:
    """Shift names that the pattern lists on a date, exceptions aside (S-33)."""
    if calendar.rotation is not None:
        days = calendar.rotation.days
        return days[(day - calendar.rotation.anchor).days % len(days)]
    return calendar.week[day.weekday()] if calendar.week is not None else ()


def _shifts_of(
    line: str, calendar: CalendarConfig, plant: PlantInfo, day: date, zone: ZoneInfo
) -> Iterator[ShiftInstance]:
    """The shifts that start on a date, dated exceptions applied; cancelled ones are marked."""
    exceptions = [e for e in calendar.exceptions if e.date == day]
    names = list(_listed_names(calendar, day))
    replaced = next((e.shifts for e in exceptions if e.shifts is not None), None)
    working = list(names if replaced is None else replaced)
    if any(e.closed for e in exceptions):
        working = []
    cancelled = {e.shift for e in exceptions if e.cancelled}
    for name in [*working, *(n for n in names if n not in working)]:
        moved = next((e for e in exceptions if e.shift == name and e.start_min is not None), None)
        built = _instance(line, _moved(calendar.shifts[name], moved), plant, calendar.shifts[name].start_min, day, zone)
        off = name not in working or name in cancelled
        yield replace(built, planned=False, cancelled=True, breaks=()) if off else built


def _moved_keys(line: str, calendar: CalendarConfig, plant: PlantInfo) -> frozenset[tuple[str, str, str]]:
    """Identities of the shifts that a dated exception moves."""
    return frozenset(
        (line, _production_date(e.date, calendar.shifts[e.shift].start_min, plant).isoformat(), e.shift)
        for e in calendar.exceptions
        if e.shift is not None and e.start_min is not None
    )


def _production_date(day: date, nominal_start_min: int, plant: PlantInfo) -> date:
    """The production day in which a shift's nominal start lies (S-32)."""
    return day if nominal_start_min >= plant.day_start_min else day - timedelta(days=1)


def _moved(pattern: ShiftPattern, exception: CalendarException | None) -> ShiftPattern:
    if exception is None or exception.start_min is None or exception.end_min is None:
        return pattern
    return replace(pattern, start_min=exception.start_min, end_min=exception.end_min)


def _instance(
    line: str, pattern: ShiftPattern, plant: PlantInfo, nominal_start_min: int, day: date, zone: ZoneInfo
) -> ShiftInstance:
    """Resolve a pattern on a date; the production date comes from the nominal start, so a moved shift keeps it."""
    length = (pattern.end_min - pattern.start_min) % MINUTES_A_DAY or MINUTES_A_DAY
    start, end = resolve(day, pattern.start_min, zone), resolve(day, pattern.start_min + length, zone)
    production = _production_date(day, nominal_start_min, plant)
    breaks = tuple(_breaks(pattern, day, zone, start, end))
    return ShiftInstance(line, production.isoformat(), pattern.name, start, end, breaks=breaks)


def _breaks(pattern: ShiftPattern, day: date, zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Breaks keep their nominal length from their resolved start, clipped to the shift (S-31).

    A moved shift may begin in the midst of a break, so the break of the day before and after are looked at as well.
    """
    for b in pattern.breaks:
        length_us = ((b.end_min - b.start_min) % MINUTES_A_DAY) * 60_000_000
        for n in (-1, 0, 1):
            b_start = resolve(day, b.start_min + n * MINUTES_A_DAY, zone)
            if max(b_start, start) < min(b_start + length_us, end):
                yield max(b_start, start), min(b_start + length_us, end), b.name


def _without_overlap(shifts: list[ShiftInstance], moved: frozenset[tuple[str, str, str]]) -> list[ShiftInstance]:
    """Settle who has the time: a moved shift clips its neighbours, a cancelled one gives way to a working one.

    Raises
    ------
    ValueError
        if two shifts of the pattern itself overlap.
    """
    fixed = [s for s in shifts if s.key in moved and not s.cancelled]
    working = [c for s in shifts if not s.cancelled for c in ([s] if s.key in moved else _clipped(s, fixed))]
    working.sort(key=lambda s: s.start_us)
    for a, b in pairwise(working):
        if b.start_us < a.end_us:
            raise ValueError(f"shifts {a.name} and {b.name} of {a.line} overlap on {a.production_date}")
    kept = list(working)
    for shift in shifts:
        if shift.cancelled and all(shift.end_us <= w.start_us or w.end_us <= shift.start_us for w in kept):
            kept.append(shift)
    return sorted(kept, key=lambda s: s.start_us)


def _clipped(shift: ShiftInstance, fixed: Sequence[ShiftInstance]) -> list[ShiftInstance]:
    """A shift less the time that moved ones take from its ends; nothing if they take it all."""
    start, end = shift.start_us, shift.end_us
    for m in fixed:
        if m.start_us < end and m.end_us > start:
            start, end = (m.end_us, end) if m.start_us <= start else (start, m.start_us)
    if start >= end:
        return []
    breaks = ((max(a, start), min(b, end), name) for a, b, name in shift.breaks)
    return [replace(shift, start_us=start, end_us=end, breaks=tuple(b for b in breaks if b[0] < b[1]))]


def _day_bound(day: date, plant: PlantInfo, zone: ZoneInfo, shifts: Sequence[ShiftInstance]) -> int:
    """Where a production day starts: at ``day_start``, unless a shift spans it; that shift stays whole."""
    bound = resolve(day, plant.day_start_min, zone)
    for shift in shifts:
        if shift.start_us < bound < shift.end_us:
            return shift.start_us if shift.production_date >= day.isoformat() else shift.end_us
    own = [s.start_us for s in shifts if s.production_date == day.isoformat() and s.start_us < bound]
    return min(own, default=bound)


def _tile(line: str, day: str, start: int, end: int, shifts: Sequence[ShiftInstance]) -> Iterator[ShiftInstance]:
    """The day's shifts with ``off`` instances between them, numbered from the second on."""
    cursor, n = start, 0

    def off(until: int) -> ShiftInstance:
        name = OFF if n == 1 else f"{OFF}-{n}"
        return ShiftInstance(line, day, name, cursor, until, planned=False)

    for shift in shifts:
        if not (start <= shift.start_us < end):
            continue
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


def clock_hours(start_us: int, end_us: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Local clock hours clipped to ``[start, end)`` (S-36); zones with half-hour offsets keep their own full hours."""
    hours = []
    cursor = start_us
    while cursor < end_us:
        local = datetime.fromtimestamp(cursor // 1_000_000, tz=zone)
        offset = local.utcoffset() or timedelta()
        offset_us = int(offset.total_seconds()) * 1_000_000
        nxt = ((cursor + offset_us) // 3_600_000_000 + 1) * 3_600_000_000 - offset_us
        hours.append((cursor, min(nxt, end_us)))
        cursor = nxt
    return hours
