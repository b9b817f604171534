"""A plant's working calendar: the windows in which machines run, and the same as YAML for the plant file.

Times of day are local. One that the zone skips moves forward, of two the first counts, and a break keeps its length:
what a reader of the plant file makes of it, in the nights of the clock change too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.schedule import Window

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Crew:
    """How well people do: factors on cycle times (at least 1), on the frequency of stops, on the reject ratio."""

    slow: float = 1.0
    trouble: float = 1.0
    scrap: float = 1.0

    def with_(self, other: Crew) -> Crew:
        """Both together."""
        return Crew(self.slow * other.slow, self.trouble * other.trouble, self.scrap * other.scrap)


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of the pattern, with one break of `break_min` minutes; `crew` is what its hours do to people."""

    name: str
    start: time
    end: time
    break_start: time
    break_min: int
    crew: Crew = Crew()


@dataclass(frozen=True, slots=True)
class DayException:
    """A dated exception: other shifts than the week's (none closes the day), or one shift at other hours."""

    date: date
    name: str
    shifts: tuple[str, ...] = ()
    moved: tuple[str, time, time] | None = None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned maintenance of some machines, in local times."""

    start: datetime
    end: datetime
    machines: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Conduct:
    """What happens on a line against the plan: shifts that went otherwise, and days on which it began early.

    Attributes
    ----------
    shifts : by date and shift name, what comes on top of the crew.
    early_min : by date, minutes by which the day's first shift begins before its time.
    """

    shifts: Mapping[tuple[date, str], Crew] = field(default_factory=dict)
    early_min: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """A week of shifts with its exceptions.

    Attributes
    ----------
    week : shift names of Monday to Sunday.
    crews : take turns, a week at each shift.
    """

    id: str
    zone: ZoneInfo
    shifts: tuple[Shift, ...]
    week: tuple[tuple[str, ...], ...]
    crews: tuple[Crew, ...] = (Crew(),)
    exceptions: tuple[DayException, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    def shifts_on(self, day: date) -> tuple[str, ...]:
        """Names of the shifts that start on a date."""
        listed = next((e.shifts for e in self.exceptions if e.date == day and e.moved is None), None)
        return self.week[day.weekday()] if listed is None else listed

    def windows(self, start_us: int, conduct: Conduct) -> Iterator[Window]:
        """Yield the working time, without end, from the day before `start_us` [µs UTC] on; breaks are cut out."""
        day = local_date(start_us, self.zone) - timedelta(days=1)
        while True:
            for n, name in enumerate(self.shifts_on(day)):
                early_min = conduct.early_min.get(day, 0) if n == 0 else 0
                yield from self._shift_windows(day, name, early_min, conduct.shifts.get((day, name), Crew()))
            day += timedelta(days=1)

    def _shift_windows(self, day: date, name: str, early_min: int, event: Crew) -> Iterator[Window]:
        index, shift = next((i, s) for i, s in enumerate(self.shifts) if s.name == name)
        moved = next((e.moved for e in self.exceptions if e.date == day and e.moved and e.moved[0] == name), None)
        start, end = moved[1:] if moved else (shift.start, shift.end)
        week = (day.toordinal() - 1) // 7  # day 1 of the ordinals was a Monday
        crew = self.crews[(week + index) % len(self.crews)].with_(shift.crew).with_(event)
        effect = (crew.slow, crew.trouble, crew.scrap)
        break_us = self._utc_us(day + timedelta(days=shift.break_start < start), shift.break_start)
        yield Window(self._utc_us(day, start) - early_min * 60_000_000, break_us, *effect)
        end_us = self._utc_us(day + timedelta(days=end <= start), end)
        yield Window(break_us + shift.break_min * 60_000_000, end_us, *effect)

    def _utc_us(self, day: date, clock: time) -> int:
        return utc_us(datetime.combine(day, clock), self.zone)

    def yaml(self) -> str:
        """The calendar as an entry of the plant file's `calendars`."""
        return "\n".join((f"  {self.id}:", *self._yaml_rows())) + "\n"

    def _yaml_rows(self) -> Iterator[str]:
        yield "    shifts:"
        for s in self.shifts:
            break_end = (datetime.combine(date.min, s.break_start) + timedelta(minutes=s.break_min)).time()
            pause = f'{{start: "{s.break_start:%H:%M}", end: "{break_end:%H:%M}", name: Break}}'
            yield f'      {s.name}: {{start: "{s.start:%H:%M}", end: "{s.end:%H:%M}", breaks: [{pause}]}}'
        yield "    week:"
        yield from (f"      {day}: [{', '.join(names)}]" for day, names in zip(WEEKDAYS, self.week, strict=True))
        if self.exceptions:
            yield "    exceptions:"
        yield from (f"      - {{date: {e.date}, {_what(e)}, name: {e.name}}}" for e in self.exceptions)
        if self.maintenance:
            yield "    maintenance:"
        for m in self.maintenance:
            times = f"start: {m.start:%Y-%m-%dT%H:%M}, end: {m.end:%Y-%m-%dT%H:%M}"
            yield f"      - {{{times}, machines: [{', '.join(m.machines)}], name: {m.name}}}"


def _what(exception: DayException) -> str:
    if exception.moved:
        name, start, end = exception.moved
        return f'shift: {name}, start: "{start:%H:%M}", end: "{end:%H:%M}"'
    return f"shifts: [{', '.join(exception.shifts)}]" if exception.shifts else "closed: true"


def utc_us(local: datetime, zone: ZoneInfo) -> int:
    """Return a wall-clock time as µs UTC: one that does not exist moves forward, of two that do the first counts."""
    return int(local.replace(tzinfo=zone, fold=0).astimezone(UTC).timestamp()) * 1_000_000


def local_date(at_us: int, zone: ZoneInfo) -> date:
    """Return the local date of an instant [µs UTC]."""
    return datetime.fromtimestamp(at_us // 1_000_000, zone).date()
