"""No two shifts at once, no break outside its shift: the pattern of a calendar in minutes of local time.

A moved shift is not compared with its neighbours: the calendar decides who gives way (S-33).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise, product

from oee.config.dated import DAY_MIN, dated, length_min, pattern_of
from oee.config.faults import Refusal
from oee.config.model import BreakPattern, CalendarConfig, CalendarException, ShiftPattern
from oee.config.scalars import show_clock
from oee.config.section import Item, Section

Shifts = Mapping[str, ShiftPattern]


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


def check_teams(section: Section, calendar: CalendarConfig) -> None:
    """Note two teams at one shift, or at shifts that overlap, on any day of the rotation."""
    rotation, at = calendar.rotation, section.get("rotation")
    if rotation is None or at is None or not rotation.teams or rotation.anchor == date.min:
        return  # no teams, or an anchor that is at fault already
    for n in range(len(rotation.days)):
        day = rotation.anchor + timedelta(days=n)
        both = (*pattern_of(calendar, day), *pattern_of(calendar, day + timedelta(days=1)))
        for a, b in pairwise(sorted(both, key=lambda shift: shift.start_min)):
            if a.team == b.team or a.end_min <= b.start_min:
                continue
            told = f"{_told(b.pattern)} of team {b.team} on {b.day}"
            what = f"team {a.team} works {_told(a.pattern)} on {a.day}, which overlaps {told}"
            if (a.pattern, a.day) == (b.pattern, b.day):
                what = f"teams {a.team} and {b.team} both work {a.pattern.name} on {a.day}"
            section.fault(at, f"{what}; change an offset")
            return


def check_exceptions(section: Section, listed: Sequence[Item], calendar: CalendarConfig) -> None:
    """Note exceptions that contradict each other, and lists of shifts that run into the day before or after."""
    seen: dict[tuple[date, str | None], str] = {}
    given = [(i, e) for i, e in zip(listed, calendar.exceptions, strict=True) if e.date != date.min]  # else at fault
    for item, exception in given:
        first = seen.setdefault((exception.date, exception.shift), item.name)
        if first != item.name:
            section.fault(item, f"{exception.date} has its exception in {first} already; keep one of the two")
        if exception.shifts:
            for day in (exception.date - timedelta(days=1), exception.date):
                _check_neighbours(section, item, day, calendar)
    closed = {e.date: item.name for item, e in given if e.closed}
    for item, exception in given:
        if exception.date in closed and exception.shift is not None and not exception.cancelled:
            where = closed[exception.date]
            section.fault(item, f"{exception.date} is closed by {where}; remove one, or list the `shifts` worked")
    _check_moved(section, given, calendar)


def _check_neighbours(section: Section, item: Item, day: date, calendar: CalendarConfig) -> None:
    """Note shifts at their usual times that run into the next day's; a moved one takes its time from them."""
    both = [[s for s in dated(calendar, d) if s.is_worked and not s.is_moved] for d in (day, day + timedelta(days=1))]
    for a, b in product(*both):
        if a.end_min > b.start_min:
            section.fault(item, f"{_told(a.pattern)} of {a.day} runs into {_told(b.pattern)} of {b.day}; leave one out")
            return


def _check_moved(section: Section, given: Sequence[tuple[Item, CalendarException]], calendar: CalendarConfig) -> None:
    """Note two moved shifts at once: neither of them is the one that gives way."""
    moved = [
        (shift, item)
        for item, exception in given
        for shift in dated(calendar, exception.date)
        if shift.is_moved and shift.pattern.name == exception.shift
    ]
    for (a, by), (b, item) in pairwise(sorted(moved, key=lambda pair: pair[0].start_min)):
        if a.end_min > b.start_min and by is not item:
            section.fault(item, f"{_told(b.pattern)} overlaps {_told(a.pattern)}, moved by {by.name}; change a time")
