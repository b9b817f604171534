"""Whatever dated exceptions say, instances tile the production days and every shift comes once (S-32 … S-34)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oee.calendar import instances
from oee.config.model import BreakPattern, CalendarConfig, CalendarException, PlantInfo, Rotation, ShiftPattern

DAY = date(2026, 3, 28)  # clocks change in the night to the 29th
SHIFTS = {
    s.name: s
    for s in (
        ShiftPattern("early", 360, 840, (BreakPattern("B", 600, 630),)),
        ShiftPattern("late", 840, 1320),
        ShiftPattern("night", 1320, 360, (BreakPattern("B", 135, 165),)),
    )
}
PATTERNS = [
    {"week": (("early", "late", "night"),) * 7},
    {"week": (("early", "late"),) * 5 + ((), ())},
    {"rotation": Rotation(DAY, (("early",), ("late",), ()), {"A": 0, "B": 1})},
]

minutes = st.integers(0, 95).map(lambda n: n * 15)
names = st.sampled_from(list(SHIFTS))
dates = st.integers(-4, 5).map(lambda n: DAY + timedelta(days=n))
exceptions = st.one_of(
    st.builds(CalendarException, date=dates, closed=st.just(True)),
    st.builds(CalendarException, date=dates, shifts=st.lists(names, unique=True).map(tuple)),
    st.builds(CalendarException, date=dates, shift=names, cancelled=st.just(True)),
    st.builds(CalendarException, date=dates, shift=names, start_min=minutes, end_min=minutes),
    st.builds(CalendarException, date=dates, shift=names, breaks=st.just((BreakPattern("C", 0, 20),))),
)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(
    said=st.lists(exceptions, max_size=4, unique_by=lambda e: (e.date, e.shift)),
    pattern=st.sampled_from(PATTERNS),
    day_start=st.sampled_from([0, 360, 1320]),
    zone=st.sampled_from(["Europe/Berlin", "UTC"]),
)
def test_s34_instances_tile_whatever_the_exceptions_say(
    said: list[CalendarException], pattern: dict[str, object], day_start: int, zone: str
) -> None:
    calendar = CalendarConfig("c", SHIFTS, exceptions=tuple(said), **pattern)
    info = PlantInfo("p", "P", zone, day_start)
    try:
        rows = instances("l", calendar, info, DAY - timedelta(days=3), DAY + timedelta(days=5))
    except ValueError:  # two moved shifts, or lists, at once: `oee check` refuses them
        assume(False)
        return
    assert all(a.end_us == b.start_us for a, b in pairwise(rows))
    assert all(r.start_us < r.end_us for r in rows)
    assert len({r.key for r in rows}) == len(rows)
    assert all(r.start_us <= a < b <= r.end_us for r in rows for a, b, _ in r.breaks)
    for first in range(-3, 6):
        for days in (0, 2):
            a, b = DAY + timedelta(days=first), DAY + timedelta(days=min(first + days, 5))
            part = instances("l", calendar, info, a, b)
            at = rows.index(part[0])
            assert part == rows[at : at + len(part)]


def test_s34_a_shift_of_24_hours_before_a_closed_date_reaches_as_far_in_every_range() -> None:
    """A night moved to 23:30 … 23:30 ends on the closed date after it, whose production day it fills."""
    info = PlantInfo("p", "P", "Europe/Berlin", 0)
    said = (
        CalendarException(DAY, shift="night", start_min=1410, end_min=1410),
        CalendarException(DAY + timedelta(days=1), closed=True),
    )
    calendar = CalendarConfig("c", SHIFTS, exceptions=said, week=(("early", "late", "night"),) * 7)
    whole = instances("l", calendar, info, DAY - timedelta(days=3), DAY + timedelta(days=5))
    for n in range(-3, 6):
        day = DAY + timedelta(days=n)
        assert list(instances("l", calendar, info, day, day)) == [
            r for r in whole if r.production_date == day.isoformat()
        ]
