"""Shifts tile the production days in every zone, over every change of the clocks from 2000 to 2040 (S-30, S-31, S-34).

The suite takes the oddest zones and a seeded sample of the others; ``make zones`` takes all of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from oee.calendar import instances
from oee.config.model import BreakPattern, CalendarConfig, PlantInfo, ShiftPattern
from oee.model import ShiftInstance

MIN_US = 60_000_000
FIRST, LAST = date(2000, 1, 1), date(2040, 12, 31)
ODD = [
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # no 30 December 2011
    "Africa/Casablanca",  # back for Ramadan
    "Asia/Kathmandu",
    "Antarctica/Troll",  # two hours
    "Antarctica/Casey",
    "America/Havana",  # at midnight
    "America/Sao_Paulo",
    "America/Asuncion",
    "Asia/Gaza",
    "America/Caracas",
    "Asia/Pyongyang",
    "Europe/Berlin",
]


def pattern(name: str, start: str, end: str, *breaks: tuple[str, str]) -> ShiftPattern:
    return ShiftPattern(name, mins(start), mins(end), tuple(BreakPattern("B", mins(a), mins(b)) for a, b in breaks))


def mins(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


ONE = [pattern("day", "06:00", "14:00", ("10:00", "10:30"))]
THREE = [
    pattern("early", "06:00", "14:00", ("10:00", "10:30")),
    pattern("late", "14:00", "22:00"),
    pattern("night", "22:00", "06:00", ("02:15", "02:45")),
]
GAPS = [
    pattern("a", "22:00", "02:30", ("02:00", "02:20")),
    pattern("b", "03:00", "11:00", ("03:00", "03:30")),
    pattern("c", "12:30", "21:00"),
]
MIDNIGHT = [pattern("m", "00:30", "12:00"), pattern("n", "12:00", "00:15", ("23:50", "00:10"))]
SHORT = [pattern("s", "00:10", "00:40"), pattern("t", "02:10", "02:50"), pattern("u", "02:50", "03:10")]
PLANTS = [(THREE, "06:00"), (GAPS, "00:00"), (MIDNIGHT, "00:00"), (SHORT, "02:30")]


@cache
def changes(zone: str) -> tuple[date, ...]:
    """Dates on which or the day before which the offset of a zone changes."""
    of = ZoneInfo(zone)
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)]
    offsets = [datetime(d.year, d.month, d.day, 12, tzinfo=of).utcoffset() for d in days]
    return tuple(d for d, (a, b) in zip(days[1:], pairwise(offsets), strict=True) if a != b)


def expected(day: date, minute: int, zone: ZoneInfo) -> int:
    """UTC minute of a wall-clock time, found without ``fold``: the first instant that reads so, else past the gap."""
    wall = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    near = [(wall + timedelta(hours=h)).astimezone(zone).utcoffset() or timedelta() for h in range(-38, 40, 2)]
    read = [u for u in (wall - o for o in set(near)) if u.astimezone(zone).replace(tzinfo=UTC) == wall]
    return round((min(read) if read else wall - near[0]).timestamp()) // 60


def check(zone: str, shifts: list[ShiftPattern], day_start: str, first: date, last: date) -> None:
    named = {s.name: s for s in shifts}
    calendar = CalendarConfig("c", named, week=(tuple(named),) * 7)
    info = PlantInfo("p", "P", zone, mins(day_start))
    rows = instances("line", calendar, info, first, last)
    where = (zone, first, [s.name for s in shifts])
    assert all(a.end_us == b.start_us for a, b in pairwise(rows)), where
    assert all(s.start_us < s.end_us for s in rows), where
    assert len({s.key for s in rows}) == len(rows), where
    assert [s.production_date for s in rows] == sorted(s.production_date for s in rows), where
    for row, following in pairwise([r for r in rows if r.planned]):
        check_shift(row, following, named[row.name], info, where)


def check_shift(
    row: ShiftInstance, following: ShiftInstance, usual: ShiftPattern, plant: PlantInfo, where: object
) -> None:
    """Its resolved start, its end unless the next begins before, its breaks at full length unless it ends first."""
    zone, day = ZoneInfo(plant.timezone), date.fromisoformat(row.production_date)
    if usual.start_min < plant.day_start_min:
        day += timedelta(days=1)
    length = (usual.end_min - usual.start_min) % 1440 or 1440
    assert row.start_us == expected(day, usual.start_min, zone) * MIN_US, where
    end = expected(day, usual.start_min + length, zone) * MIN_US
    assert row.end_us == end or row.end_us == following.start_us < end, where
    for (a, b, _), b_usual in zip(row.breaks, usual.breaks, strict=False):
        nominal = (b_usual.end_min - b_usual.start_min) % 1440 * MIN_US
        assert b - a == nominal or (b == row.end_us and b - a < nominal), where


def nights(zone: str) -> Iterator[tuple[date, date]]:
    for day in changes(zone):
        yield day - timedelta(days=3), day + timedelta(days=3)


def test_s34_shifts_tile_over_the_oddest_changes_of_the_clocks() -> None:
    rng = random.Random(40)
    for zone in ODD:
        found = list(nights(zone))
        for first, last in rng.sample(found, min(8, len(found))):
            for shifts, day_start in PLANTS:
                check(zone, shifts, day_start, first, last)


def test_s34_shifts_tile_in_a_sample_of_all_zones() -> None:
    rng = random.Random(2000)
    for zone in rng.sample(sorted(available_timezones()), 20):
        found = [*nights(zone), (date(2026, 6, 1), date(2026, 6, 9))]
        for first, last in rng.sample(found, min(3, len(found))):
            check(zone, *rng.choice(PLANTS), first, last)


def test_s34_a_date_that_a_zone_leaves_out_has_no_shifts() -> None:
    """Samoa had no Friday 30 December 2011: its shifts are not worked on the Saturday besides."""
    calendar = CalendarConfig("c", {s.name: s for s in THREE}, week=(("early", "late", "night"),) * 7)
    rows = instances("line", calendar, PlantInfo("p", "P", "Pacific/Apia", 360), date(2011, 12, 29), date(2011, 12, 31))
    assert [(s.production_date[-2:], s.name) for s in rows] == [
        *((day, name) for day in ("29", "31") for name in ("early", "late", "night"))
    ]
    assert {s.end_us - s.start_us for s in rows} == {8 * 60 * MIN_US}


@pytest.mark.parametrize(
    ("shifts", "told"),
    [
        (GAPS, [("c", "12:30", "21:00"), ("a", "22:00", "03:00"), ("b", "03:00", "11:00")]),
        (SHORT, [("s", "00:10", "00:40"), ("t", "03:10", "03:50")]),
    ],
)
def test_s31_a_shift_that_ends_in_the_gap_gives_way_to_one_that_starts_after_it(
    shifts: list[ShiftPattern], told: list[tuple[str, str, str]]
) -> None:
    """Berlin, 29 March 2026, 02:00 → 03:00: a, until 02:30, would run to 03:30; b starts at 03:00 as ever.

    u, from 02:50 to 03:10, is over before it begins, and left out.
    """
    rows = instances_of(shifts)
    assert [r for r in rows if not r[0].startswith("off")] == told


def instances_of(shifts: list[ShiftPattern]) -> list[tuple[str, str, str]]:
    zone = ZoneInfo("Europe/Berlin")
    calendar = CalendarConfig("c", {s.name: s for s in shifts}, week=(tuple(s.name for s in shifts),) * 7)
    rows = instances("line", calendar, PlantInfo("p", "P", "Europe/Berlin", 720), date(2026, 3, 28), date(2026, 3, 28))
    clocks = [(datetime.fromtimestamp(us // 1_000_000, tz=zone) for us in (r.start_us, r.end_us)) for r in rows]
    return [(r.name, *(f"{c:%H:%M}" for c in pair)) for r, pair in zip(rows, clocks, strict=True)]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_s34_shifts_tile_in_every_zone_from_2000_to_2040() -> None:
    """Zones with one history are one case: every night on which clocks change, and the whole span besides."""
    histories: dict[object, str] = {}
    for zone in sorted(available_timezones()):
        of = ZoneInfo(zone)
        noons = (datetime(d.year, d.month, d.day, 12, tzinfo=of).utcoffset() for d in (FIRST, *changes(zone)))
        histories.setdefault((changes(zone), tuple(noons)), zone)
    for zone in histories.values():
        for first, last in nights(zone):
            for shifts, day_start in PLANTS:
                check(zone, shifts, day_start, first, last)
        calendar = CalendarConfig("c", {s.name: s for s in ONE}, week=(("day",),) * 7)
        rows = instances("line", calendar, PlantInfo("p", "P", zone, 360), FIRST, LAST)
        assert all(a.end_us == b.start_us for a, b in pairwise(rows)), zone
        assert all(b - a == 30 * MIN_US for r in rows for a, b, _ in r.breaks), zone
    print(f"{len(available_timezones())} zones, {len(histories)} histories")
