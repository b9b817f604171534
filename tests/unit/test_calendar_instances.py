"""Shift patterns → instances that tile the production days (S-30 … S-36)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oee.calendar import clock_hours, instances, maintenance_windows, plan, resolve, to_us
from oee.config.model import (
    BreakPattern,
    CalendarConfig,
    CalendarException,
    MaintenanceWindow,
    PlantInfo,
    Rotation,
    ShiftPattern,
)
from oee.model import Category, ShiftInstance

MIN_US = 60_000_000
HOUR_US = 60 * MIN_US
BERLIN = ZoneInfo("Europe/Berlin")


def mins(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def pattern(name: str, start: str, end: str, *breaks: tuple[str, str]) -> ShiftPattern:
    return ShiftPattern(name, mins(start), mins(end), tuple(BreakPattern("B", mins(a), mins(b)) for a, b in breaks))


EARLY, LATE, NIGHT = (
    pattern("early", "06:00", "14:00", ("10:00", "10:30")),
    pattern("late", "14:00", "22:00"),
    pattern("night", "22:00", "06:00", ("02:15", "02:45")),
)
THREE = {s.name: s for s in (EARLY, LATE, NIGHT)}


def calendar(*exceptions: CalendarException, shifts: dict[str, ShiftPattern] = THREE) -> CalendarConfig:
    """Every day works all shifts."""
    return CalendarConfig("c", shifts, week=(tuple(shifts),) * 7, exceptions=exceptions)


def plant(zone: str = "Europe/Berlin", day_start: str = "06:00") -> PlantInfo:
    return PlantInfo("p", "P", zone, mins(day_start))


def found(c: CalendarConfig, first: str, last: str | None = None, info: PlantInfo | None = None) -> list[ShiftInstance]:
    days = date.fromisoformat(first), date.fromisoformat(last or first)
    return list(instances("line", c, info or plant(), *days))


def named(rows: list[ShiftInstance], name: str) -> ShiftInstance:
    return next(s for s in rows if s.name == name)


def local(us: int, zone: ZoneInfo = BERLIN) -> str:
    return datetime.fromtimestamp(us // 1_000_000, tz=zone).strftime("%d %H:%M")


def utc(us: int) -> str:
    return local(us, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("day", "hours", "pause"),
    [
        ("2026-03-28", 7, ("29 01:15", "29 01:45")),
        ("2026-10-24", 9, ("25 00:15", "25 00:45")),
        ("2026-06-01", 8, ("02 00:15", "02 00:45")),
    ],
)
def test_s30_a_berlin_night_is_as_long_as_it_is(day: str, hours: int, pause: tuple[str, str]) -> None:
    """The break 02:15 to 02:45 does not exist in spring: an hour later; twice in autumn: the first one."""
    night = named(found(calendar(), day), "night")
    assert night.end_us - night.start_us == hours * HOUR_US
    assert [(utc(a), utc(b)) for a, b, _ in night.breaks] == [pause]


def test_s30_start_equal_to_end_is_24_hours() -> None:
    whole = calendar(shifts={"all": pattern("all", "06:00", "06:00")})
    for day, hours in (("2026-06-01", 24), ("2026-03-28", 23), ("2026-10-24", 25)):
        (shift,) = found(whole, day)
        assert shift.end_us - shift.start_us == hours * HOUR_US


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2026-03-29", "02:30", "29 01:30"),
        ("2026-03-29", "01:59", "29 00:59"),
        ("2026-03-29", "03:00", "29 01:00"),
        ("2026-10-25", "02:30", "25 00:30"),
        ("2026-10-25", "03:00", "25 02:00"),
    ],
)
def test_s31_gaps_move_forward_and_the_first_of_two_counts(day: str, clock: str, expected: str) -> None:
    assert utc(resolve(date.fromisoformat(day), mins(clock), BERLIN)) == expected


def test_s31_a_break_across_the_spring_gap_keeps_its_length() -> None:
    shifts = {"night": pattern("night", "22:00", "06:00", ("01:45", "02:15"))}
    (pause,) = named(found(calendar(shifts=shifts), "2026-03-28"), "night").breaks
    assert (utc(pause[0]), pause[1] - pause[0]) == ("29 00:45", 30 * MIN_US)


@pytest.mark.parametrize(
    ("moved", "breaks"),
    [
        (("10:15", "18:00"), [("10:15", "10:30")]),
        (("05:00", "10:20"), [("10:00", "10:20")]),
        (("10:30", "18:00"), []),
        (("11:00", "18:00"), []),
        (("05:00", "13:00"), [("10:00", "10:30")]),
    ],
)
def test_s31_a_break_is_clipped_to_its_moved_shift(moved: tuple[str, str], breaks: list[tuple[str, str]]) -> None:
    """A partly overlapping break is not dropped."""
    only = {"early": EARLY}
    change = CalendarException(date(2026, 6, 2), shift="early", start_min=mins(moved[0]), end_min=mins(moved[1]))
    early = named(found(calendar(change, shifts=only), "2026-06-02"), "early")
    assert [(local(a)[3:], local(b)[3:]) for a, b, _ in early.breaks] == breaks


def test_s32_a_night_belongs_to_the_day_on_which_it_starts() -> None:
    rows = found(calendar(), "2026-06-01", "2026-06-02")
    assert [(s.production_date[-2:], s.name, local(s.start_us)) for s in rows] == [
        ("01", "early", "01 06:00"),
        ("01", "late", "01 14:00"),
        ("01", "night", "01 22:00"),
        ("02", "early", "02 06:00"),
        ("02", "late", "02 14:00"),
        ("02", "night", "02 22:00"),
    ]


def test_s32_a_shift_before_the_day_starts_belongs_to_the_day_before() -> None:
    shifts = {"dogs": pattern("dogs", "00:00", "06:00"), "day": pattern("day", "06:00", "18:00")}
    rows = found(calendar(shifts=shifts), "2026-06-01")
    assert [(s.name, local(s.start_us)) for s in rows] == [
        ("day", "01 06:00"),
        ("off", "01 18:00"),
        ("dogs", "02 00:00"),
    ]


def test_s32_a_moved_shift_keeps_its_identity() -> None:
    for start, end in (("04:00", "12:00"), ("07:00", "13:00")):
        change = CalendarException(date(2026, 6, 2), shift="early", start_min=mins(start), end_min=mins(end))
        rows = found(calendar(change, shifts={"early": EARLY}), "2026-06-01", "2026-06-03")
        moved = [s for s in rows if s.key == ("line", "2026-06-02", "early")]
        assert [(local(s.start_us), local(s.end_us)) for s in moved] == [(f"02 {start}", f"02 {end}")]
        assert all(a.end_us == b.start_us for a, b in pairwise(rows))


def test_s33_a_rotation_runs_on_from_its_anchor_and_before_it() -> None:
    shifts = {"day": pattern("day", "06:00", "18:00"), "night": pattern("night", "18:00", "06:00")}
    rotation = Rotation(date(2026, 1, 5), (("day",), ("day",), ("night",), ()))
    turning = CalendarConfig("c", shifts, rotation=rotation)
    worked = {s.production_date: s.name for s in found(turning, "2026-01-01", "2026-01-12") if s.planned}
    expected = ["day", "day", "night", None] * 3
    days = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(12)]
    assert [worked.get(d) for d in days] == expected


def test_s33_holiday_extra_and_cancelled() -> None:
    day = date(2026, 6, 2)
    closed = found(calendar(CalendarException(day, closed=True)), "2026-06-02")
    assert [(s.name, s.planned, s.cancelled, s.breaks) for s in closed] == [
        ("early", False, True, ()),
        ("late", False, True, ()),
        ("night", False, True, ()),
    ]
    cancelled = found(calendar(CalendarException(day, shift="late", cancelled=True)), "2026-06-02")
    assert [(s.name, s.planned) for s in cancelled] == [("early", True), ("late", False), ("night", True)]
    weekdays = CalendarConfig("c", THREE, week=(("early",),) * 5 + ((), ()))
    saturday = date(2026, 6, 6)
    assert [s.name for s in found(weekdays, "2026-06-06")] == ["off"]
    extra = CalendarConfig("c", THREE, weekdays.week, exceptions=(CalendarException(saturday, shifts=("late",)),))
    assert [(s.name, s.planned) for s in found(extra, "2026-06-06")] == [
        ("off", False),
        ("late", True),
        ("off-2", False),
    ]


def test_s33_shifts_that_overlap_are_refused() -> None:
    shifts = {"a": pattern("a", "06:00", "14:00"), "b": pattern("b", "13:00", "20:00")}
    with pytest.raises(ValueError, match="overlap"):
        found(calendar(shifts=shifts), "2026-06-02")


def test_s33_maintenance_is_local_time_and_of_its_machines() -> None:
    window = MaintenanceWindow(datetime(2026, 6, 2, 8), datetime(2026, 6, 2, 10), ("filler",), "Service")  # noqa: DTZ001
    every = MaintenanceWindow(datetime(2026, 12, 1, 8), datetime(2026, 12, 1, 9))  # noqa: DTZ001
    c = CalendarConfig("c", THREE, maintenance=(window, every))
    assert [(utc(a), utc(b), n) for a, b, n in maintenance_windows(c, "filler", BERLIN)] == [
        ("02 06:00", "02 08:00", "Service"),
        ("01 07:00", "01 08:00", "Maintenance"),
    ]
    assert len(maintenance_windows(c, "capper", BERLIN)) == 1


def test_s24_the_plan_ranks_breaks_over_maintenance_and_off_over_all() -> None:
    early = named(found(calendar(), "2026-06-02"), "early")
    nine = early.start_us + 3 * HOUR_US
    off = ShiftInstance("line", "2026-06-02", "off", early.end_us, early.end_us + HOUR_US, planned=False)
    work = (nine, early.end_us + HOUR_US, "Service")
    told = [(local(p.start_us)[3:], p.category, p.name) for p in plan([early, off], [work], Category.PLANNED_STOP)]
    assert told == [
        ("06:00", None, ""),
        ("09:00", Category.PLANNED_STOP, "Service"),
        ("10:00", Category.EXCLUDED, "B"),
        ("10:30", Category.PLANNED_STOP, "Service"),
        ("14:00", Category.NOT_SCHEDULED, "off"),
    ]


def test_s27_the_plan_tells_breaks_from_maintenance_that_is_excluded_too() -> None:
    early = named(found(calendar(), "2026-06-02"), "early")
    pieces = plan([early], [(early.start_us, early.end_us, "Service")], Category.EXCLUDED)
    assert {p.name: p.is_break for p in pieces} == {"Service": False, "B": True}
    assert {p.category for p in pieces} == {Category.EXCLUDED}


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Berlin", "2026-03-28T21:00+00:00", 7),
        ("Europe/Berlin", "2026-10-24T20:00+00:00", 9),
        ("Asia/Kolkata", "2026-06-01T00:30+00:00", 8),
        ("Australia/Lord_Howe", "2026-10-03T11:00+00:00", 8),
    ],
)
def test_s36_hours_are_local_clock_hours(zone: str, start: str, hours: int) -> None:
    begin = to_us(datetime.fromisoformat(start))
    rows = clock_hours(begin, begin + hours * HOUR_US, ZoneInfo(zone))
    assert rows[0][0] == begin
    assert rows[-1][1] == begin + hours * HOUR_US
    assert all(a[1] == b[0] for a, b in pairwise(rows))
    assert all(local(a, ZoneInfo(zone)).endswith(":00") for a, _ in rows[1:] if zone != "Australia/Lord_Howe")
    assert all(b - a <= HOUR_US for a, b in rows)


def test_s36_hours_are_clipped_to_the_shift() -> None:
    begin = to_us(datetime(2026, 6, 1, 6, 20, tzinfo=UTC))
    rows = clock_hours(begin, begin + 100 * MIN_US, BERLIN)
    assert [(utc(a)[3:], utc(b)[3:]) for a, b in rows] == [("06:20", "07:00"), ("07:00", "08:00")]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "Asia/Tehran"]
ZONES += ["America/Santiago", "Pacific/Apia", "Pacific/Chatham", "UTC", "America/St_Johns", "Africa/Casablanca"]
SPANS = [THREE, {"day": pattern("day", "07:30", "16:00", ("12:00", "12:45"))}]
SPANS += [
    {"all": pattern("all", "00:00", "00:00")},
    {"a": pattern("a", "02:30", "14:30"), "b": pattern("b", "14:30", "02:30")},
]


@settings(max_examples=120, derandomize=True, deadline=None, database=None)
@given(
    zone=st.sampled_from(ZONES),
    shifts=st.sampled_from(SPANS),
    day=st.dates(date(1995, 1, 1), date(2037, 12, 20)),
    length=st.integers(1, 9),
    day_start=st.sampled_from(["00:00", "02:30", "06:00", "22:00"]),
    closed=st.booleans(),
)
def test_s34_instances_tile_the_production_days(
    zone: str, shifts: dict[str, ShiftPattern], day: date, length: int, day_start: str, closed: bool
) -> None:
    """No gap, no overlap, whatever is asked for at once, in any zone and year."""
    c = calendar(*([CalendarException(day, closed=True)] if closed else []), shifts=shifts)
    info = plant(zone, day_start)
    last = day + timedelta(days=length)
    rows = instances("line", c, info, day, last)
    assert all(a.end_us == b.start_us for a, b in pairwise(rows))
    assert all(s.start_us < s.end_us for s in rows)
    assert [s.production_date for s in rows] == sorted(s.production_date for s in rows)
    split = day + timedelta(days=length // 2)
    assert rows == instances("line", c, info, day, split) + instances("line", c, info, split + timedelta(days=1), last)
    assert len({s.key for s in rows}) == len(rows)
