"""No two shifts at once, no break outside its shift: the pattern of a calendar in minutes of local time.

A moved shift is not compared with its neighbours: the calendar decides who gives way (S-33).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from oee.config.faults import Refusal
from oee.config.model import BreakPattern, CalendarConfig, ShiftPattern
from oee.config.scalars import show_clock
from oee.config.section import Item, Section

DAY_MIN = 1440
Shifts = Mapping[str, ShiftPattern]


def length_min(start_min: int, end_min: int) -> int:
    """Return the nominal length of a shift; start = end means 24 h (S-30)."""
    return (end_min - start_min) % DAY_MIN or DAY_MIN


def check_breaks(section: Section, listed: Sequence[Item], shift: ShiftPattern) -> None:
    """Note each break that is empty, leaves its shift or lies over the break before it."""
    shift_min = length_min(shift.start_min, shift.end_min)
    taken = 0
    for item, pause in sorted(zip(listed, shift.breaks, strict=True), key=lambda pair: _offset(shift, pair[1])):
        start = _offset(shift, pause)
        end = start + (pause.end_min - pause.start_min) % DAY_MIN
        if end == start:
            section.fault(item, f"ends at {show_clock(pause.end_min)}, when it starts; put `end` after `start`")
        elif end > shift_min:
            section.fault(item, f"{_span(pause)} is not inside its shift {_span(shift)}; change its times")
        elif start < taken:
            section.fault(item, f"{_span(pause)} overlaps another break of its shift; change a time")
        taken = max(taken, end)


def _offset(shift: ShiftPattern, pause: BreakPattern) -> int:
    return (pause.start_min - shift.start_min) % DAY_MIN


def check_day(names: Sequence[str], shifts: Shifts) -> None:
    """Refuse a day that lists a shift twice, or two that overlap."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Refusal(f"lists `{twice}` twice; keep one")
    ordered = sorted((shifts[name] for name in names), key=lambda shift: shift.start_min)
    for a, b in pairwise(ordered):
        if a.start_min + length_min(a.start_min, a.end_min) > b.start_min:
            raise Refusal(f"{_told(a)} overlaps {_told(b)}; change a time or leave one out")


def check_cycle(days: Sequence[Sequence[str]], labels: Sequence[str], shifts: Shifts) -> None:
    """Refuse a pattern of days, repeated for ever, in which a shift runs into one of the next day."""
    for index, names in enumerate(days):
        following = (index + 1) % len(days)
        clash = _runs_into(names, days[following], shifts)
        if clash:
            raise Refusal(f"{clash[0]} of {labels[index]} runs into {clash[1]} of {labels[following]}; change a time")


def _runs_into(names: Sequence[str], following: Sequence[str], shifts: Shifts) -> tuple[str, str] | None:
    for a in (shifts[name] for name in names):
        end_min = a.start_min + length_min(a.start_min, a.end_min) - DAY_MIN
        for b in (shifts[name] for name in following):
            if end_min > b.start_min:
                return _told(a), _told(b)
    return None


def _told(shift: ShiftPattern) -> str:
    return f"{shift.name} ({_span(shift)})"


def _span(piece: ShiftPattern | BreakPattern) -> str:
    return f"{show_clock(piece.start_min)}–{show_clock(piece.end_min)}"


def check_exceptions(section: Section, listed: Sequence[Item], calendar: CalendarConfig) -> None:
    """Note exceptions that say one thing twice, and lists of shifts that run into the day before or after."""
    seen: dict[tuple[date, str | None], str] = {}
    for item, exception in zip(listed, calendar.exceptions, strict=True):
        if exception.date == date.min:  # its date is at fault already
            continue
        first = seen.setdefault((exception.date, exception.shift), item.name)
        if first != item.name:
            section.fault(item, f"{exception.date} has its exception in {first} already; keep one of the two")
        if exception.shifts:
            for day in (exception.date - timedelta(days=1), exception.date):
                _check_neighbours(section, item, day, calendar)


def _check_neighbours(section: Section, item: Item, day: date, calendar: CalendarConfig) -> None:
    following = day + timedelta(days=1)
    clash = _runs_into(_worked(calendar, day), _worked(calendar, following), calendar.shifts)
    if clash:
        section.fault(item, f"{clash[0]} of {day} runs into {clash[1]} of {following}; leave one out")


def _worked(calendar: CalendarConfig, day: date) -> tuple[str, ...]:
    """Return the shifts of a date that are worked at their usual times."""
    dated = [e for e in calendar.exceptions if e.date == day]
    if any(e.closed for e in dated):
        return ()
    names = next((e.shifts for e in dated if e.shifts is not None), None)
    changed = {e.shift for e in dated}
    return tuple(n for n in (_pattern(calendar, day) if names is None else names) if n not in changed)


def _pattern(calendar: CalendarConfig, day: date) -> tuple[str, ...]:
    if calendar.week:
        return calendar.week[day.weekday()]
    days = calendar.rotation.days if calendar.rotation else ()
    anchor = calendar.rotation.anchor if calendar.rotation else day
    return days[(day - anchor).days % len(days)] if days else ()
