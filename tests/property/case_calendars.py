"""Random calendars: shifts with gaps, over midnight, odd breaks, rotations, exceptions, maintenance."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from random import Random

from oee.config.model import (
    BreakPattern,
    CalendarConfig,
    CalendarException,
    MaintenanceWindow,
    Rotation,
    ShiftPattern,
)

NIGHTS = (
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Asia/Kathmandu", date(2026, 1, 1)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("America/Santiago", date(2026, 9, 6)),
    ("UTC", date(2026, 2, 28)),
)
"""Zones, and dates on which most of them change their clocks."""
DAY_MIN = 1440


def calendar_of(r: Random, day: date) -> CalendarConfig:
    shifts = shifts_of(r)
    names = list(shifts)
    exceptions = tuple(exception_of(r, day + timedelta(days=n), shifts) for n in (-1, 0, 1) if r.random() < 0.25)
    maintenance = tuple(maintenance_of(r, day) for _ in range(r.choice([0, 0, 1, 2])))
    if r.random() < 0.7:
        week = tuple(tuple(n for n in names if r.random() < 0.9) for _ in range(7))
        return CalendarConfig("week", shifts, week, None, exceptions, maintenance)
    anchor = day - timedelta(days=r.randrange(-5, 10))
    if r.random() < 0.5:
        days = tuple(tuple(n for n in names if r.random() < 0.7) for _ in range(r.randrange(1, 5)))
        rotation = Rotation(anchor, days)
    else:  # each team a shift further on, so that none has two
        cycle = (*((n,) for n in names), ())
        rotation = Rotation(anchor, cycle, {f"team {n}": n for n in range(r.randrange(1, len(cycle) + 1))})
    return CalendarConfig("week", shifts, None, rotation, exceptions, maintenance)


def shifts_of(r: Random) -> dict[str, ShiftPattern]:
    """Shifts between the edges of a day; the last may pass midnight."""
    if r.random() < 0.3:
        edges = [360, 840, 1320, 360]
    elif r.random() < 0.15:
        edges = [r.choice([0, 360])] * 2
    else:
        edges = sorted(r.sample(range(0, DAY_MIN, r.choice([5, 15, 60])), r.randrange(2, 6)))
        edges += [edges[0]] if r.random() < 0.5 else []
    found = {}
    for n, (a, b) in enumerate(pairwise(edges)):
        if r.random() < 0.85 or not found:
            found[f"s{n}"] = ShiftPattern(f"s{n}", a, b, breaks_of(r, a, (b - a) % DAY_MIN or DAY_MIN))
    return found


def breaks_of(r: Random, start_min: int, length_min: int) -> tuple[BreakPattern, ...]:
    """Breaks in the shift or over its edge, sometimes over each other."""
    found = []
    for n in range(r.choice([0, 0, 1, 2, 3])):
        a = start_min + r.randrange(-10, length_min)
        found.append(BreakPattern(f"b{n}", a % DAY_MIN, (a + r.choice([1, 7, 15, 30, 60])) % DAY_MIN))
    return tuple(found)


def exception_of(r: Random, day: date, shifts: dict[str, ShiftPattern]) -> CalendarException:
    name = r.choice(list(shifts))
    kind = r.choice(["closed", "shifts", "cancelled", "moved", "moved", "breaks"])
    if kind == "closed":
        return CalendarException(day, closed=True)
    if kind == "shifts":
        return CalendarException(day, shifts=tuple(n for n in shifts if r.random() < 0.5))
    if kind == "cancelled":
        return CalendarException(day, shift=name, cancelled=True)
    start, end = shifts[name].start_min, shifts[name].end_min
    if kind == "breaks":
        return CalendarException(day, shift=name, breaks=breaks_of(r, start, (end - start) % DAY_MIN or DAY_MIN))
    start, end = (start + r.choice([-60, 0, 0, 45])) % DAY_MIN, (end + r.choice([-15, 0, 30, 120])) % DAY_MIN
    return CalendarException(day, shift=name, start_min=start, end_min=end)


def maintenance_of(r: Random, day: date) -> MaintenanceWindow:
    start = datetime.combine(day, time(0)) + timedelta(minutes=r.randrange(-200, 1600))
    end = start + timedelta(minutes=r.choice([1, 10, 60, 300]))
    return MaintenanceWindow(start, end, r.choice([(), ("m",), ("other",)]), r.choice(["", "Service"]))
