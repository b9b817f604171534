"""Section 5: local patterns and a zone → instants; what the calendar says of any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from oee.config.model import BreakPattern, CalendarException
from oee.model import Category
from reference.case import Case, Span

DAY_MIN = 1440
MINUTE_US = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(wall: datetime, zone: ZoneInfo) -> int:
    """S-31: the first instant at which clocks show a local time; one that does not exist moves on by the gap."""
    naive_us = (wall - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001 -- a wall clock has no zone
    around = [datetime.fromtimestamp(naive_us // 1_000_000 + h * 3600, zone).utcoffset() for h in range(-30, 31, 3)]
    offsets_us = [o // timedelta(microseconds=1) for o in dict.fromkeys(around) if o is not None]
    shown = [naive_us - o for o in offsets_us if local(naive_us - o, zone) == wall]
    return min(shown) if shown else naive_us - offsets_us[0]  # decided: by the offset that was in force before


def local(us: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(microseconds=us)).astimezone(zone).replace(tzinfo=None)


def at_minute(day: date, minute: int, zone: ZoneInfo) -> int:
    return instant(datetime(day.year, day.month, day.day) + timedelta(minutes=minute), zone)  # noqa: DTZ001


@dataclass(frozen=True)
class Turn:
    """A shift of a date in nominal minutes since that date's midnight; breaks as the date plans them."""

    day: date
    name: str
    start_min: int
    end_min: int
    breaks: tuple[BreakPattern, ...]
    moved: bool = False


@dataclass(frozen=True)
class Shift:
    """A worked shift, its breaks inside it."""

    production_date: str
    name: str
    start_us: int
    end_us: int
    breaks: tuple[tuple[int, int, str], ...]


def length(start_min: int, end_min: int) -> int:
    """S-30: start = end means 24 h."""
    return (end_min - start_min) % DAY_MIN or DAY_MIN


def worked(case: Case, day: date) -> list[Turn]:
    """S-33: the shifts of a date by week or rotation, then its exceptions."""
    calendar = case.calendar
    if calendar.week is not None:
        names = list(calendar.week[day.weekday()])
    else:
        assert calendar.rotation is not None
        cycle, since = calendar.rotation.days, (day - calendar.rotation.anchor).days
        offsets = list(calendar.rotation.teams.values()) or [0]
        names = [name for offset in offsets for name in cycle[(since + offset) % len(cycle)]]
    said = [e for e in calendar.exceptions if e.date == day]
    for e in said:
        names = list(e.shifts) if e.shifts is not None else names
    names += [e.shift for e in said if e.shift and e.start_min is not None and e.shift not in names]
    cancelled = [e.shift for e in said if e.cancelled]
    names = [] if any(e.closed for e in said) else [n for n in names if n not in cancelled]
    return [turn(case, day, name, said) for name in names]


def turn(case: Case, day: date, name: str, said: list[CalendarException]) -> Turn:
    pattern = case.calendar.shifts[name]
    start, end, breaks, moved = pattern.start_min, pattern.end_min, pattern.breaks, False
    for e in said:
        if e.shift == name and e.start_min is not None and e.end_min is not None:
            start, end, moved = e.start_min, e.end_min, True
        if e.shift == name and e.breaks is not None:
            breaks = e.breaks
    return Turn(day, name, start, start + length(start, end), breaks, moved)


def production_date(case: Case, t: Turn) -> date:
    """S-32: the day in which the shift starts; a moved one stays the same shift."""
    early = case.calendar.shifts[t.name].start_min < case.plant.plant.day_start_min
    return t.day - timedelta(days=1) if early else t.day


def shifts(case: Case) -> list[Shift]:
    """S-30 … S-33: worked shifts around the days asked for, in order, none over another."""
    days = [case.first_day + timedelta(days=n) for n in range(-3, (case.last_day - case.first_day).days + 4)]
    turns = [t for day in days for t in worked(case, day)]
    moved = [t for t in turns if t.moved]
    kept = [t for t in turns if t.moved] + [u for t in turns if not t.moved for u in [beside(case, t, moved)]]
    found = [resolved(case, t) for t in sorted(kept, key=lambda t: minutes(t)[0]) if t.start_min < t.end_min]
    worked_on: list[Shift] = []
    for shift in reversed(found):  # decided: a start that exists stands, the shift before ends there
        end_us = min([shift.end_us, *(s.start_us for s in worked_on)])
        if shift.start_us < end_us:
            worked_on.insert(0, clipped(shift, shift.start_us, end_us))
    return worked_on


def minutes(t: Turn) -> Span:
    """Nominal minutes on one scale for all dates."""
    midnight = t.day.toordinal() * DAY_MIN
    return midnight + t.start_min, midnight + t.end_min


def beside(case: Case, t: Turn, moved: list[Turn]) -> Turn:
    """Decided: a moved shift takes its time from its neighbours; the longer end is left, or that on its day's side."""
    for m in moved:
        (a, b), (c, d) = minutes(t), minutes(m)
        if c < b and a < d:
            before, after = replace(t, end_min=t.end_min - (b - c)), replace(t, start_min=t.start_min + (d - a))
            if production_date(case, t) == production_date(case, m):
                t = before if c - a >= b - d else after
            else:
                t = before if production_date(case, t) < production_date(case, m) else after
    return t


def resolved(case: Case, t: Turn) -> Shift:
    start, end = at_minute(t.day, t.start_min, case.zone), at_minute(t.day, t.end_min, case.zone)
    found = []
    for b in t.breaks:
        for n in (-1, 0, 1):
            nominal = b.start_min + n * DAY_MIN
            whole = length(b.start_min, b.end_min)
            if nominal < t.end_min and nominal + whole > t.start_min:  # S-31: it keeps its nominal length
                since = at_minute(t.day, nominal, case.zone)
                found.append((since, since + whole * MINUTE_US, b.name))
    return clipped(Shift(production_date(case, t).isoformat(), t.name, start, end, tuple(found)), start, end)


def clipped(shift: Shift, start: int, end: int) -> Shift:
    inside = [(max(a, start), min(b, end), name) for a, b, name in shift.breaks]
    return replace(shift, start_us=start, end_us=end, breaks=tuple(b for b in inside if b[0] < b[1]))


@dataclass(frozen=True)
class Planned:
    """What the calendar says of an instant: a category, or None where the machine decides."""

    category: Category | None
    name: str = ""
    is_break: bool = False


class Calendar:
    """The calendar of a case at any instant."""

    def __init__(self, case: Case) -> None:
        self.shifts = shifts(case)
        self.maintenance = list(maintenance(case))
        self.maintenance_as = Category[case.plant.policies.maintenance.upper()]

    @property
    def edges(self) -> list[int]:
        spans = [(s.start_us, s.end_us) for s in self.shifts] + [b[:2] for s in self.shifts for b in s.breaks]
        return [t for span in (*spans, *(m[:2] for m in self.maintenance)) for t in span]

    def at(self, us: int) -> Planned:
        """S-24, S-34: outside shifts not scheduled; excluded ranks above planned."""
        shift = next((s for s in self.shifts if s.start_us <= us < s.end_us), None)
        if shift is None:
            return Planned(Category.NOT_SCHEDULED)
        said = [Planned(Category.EXCLUDED, name, True) for a, b, name in shift.breaks if a <= us < b]
        said += [Planned(self.maintenance_as, name) for a, b, name in self.maintenance if a <= us < b]
        return min(said, key=lambda p: p.category or 0) if said else Planned(None)


def maintenance(case: Case) -> Iterator[tuple[int, int, str]]:
    for w in case.calendar.maintenance:
        if not w.machines or case.machine.id in w.machines:
            yield instant(w.start, case.zone), instant(w.end, case.zone), w.name or "Maintenance"


def hours(case: Case, start_us: int, end_us: int) -> list[Span]:
    """S-36: local clock hours clipped to a shift; decided: an hour that is put back begins another one."""
    edges, us = [start_us], start_us // MINUTE_US * MINUTE_US + MINUTE_US
    while us < end_us:
        before, now = local(us - MINUTE_US, case.zone), local(us, case.zone)
        if now.hour != before.hour or now - before != timedelta(minutes=1):
            edges.append(us)
        us += MINUTE_US
    return list(zip(edges, [*edges[1:], end_us], strict=True))
