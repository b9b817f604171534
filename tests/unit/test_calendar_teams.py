"""Teams of a rotation, and dated exceptions beyond the plain ones (S-32, S-33)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from oee.calendar import exceptions_of, instances
from oee.config.model import CalendarConfig, PlantInfo
from oee.config.plant import load_plant_text
from oee.model import ShiftInstance

HEAD = """
version: 1
plant: {{id: acme, timezone: UTC, day_start: "{day_start}"}}
calendars:
  default:
    shifts:
      early: {{start: "06:00", end: "14:00", breaks: [{{start: "10:00", end: "10:20"}}]}}
      late: {{start: "14:00", end: "22:00"}}
      dogs: {{start: "00:00", end: "06:00"}}
    {rest}
lines: {{l: {{calendar: default, machines: {{m: {{}}}}}}}}
"""
TEAMS = "rotation: {anchor: 2026-01-05, days: [[early], [early], [late], [late], [], []], teams: {A: 0, B: 2}}"
WEEK = "week: {mon: [dogs, early, late], tue: [dogs, early, late]}"


def loaded(rest: str, *exceptions: str, day_start: str = "06:00") -> tuple[CalendarConfig, PlantInfo]:
    if exceptions:
        rest += "\n    exceptions:\n" + "\n".join(f"      - {{{e}}}" for e in exceptions)
    plant = load_plant_text(HEAD.format(rest=rest, day_start=day_start), "p.yaml")
    return plant.calendars["default"], plant.plant


def laid_out(rest: str, *exceptions: str, first: str, last: str, day_start: str = "06:00") -> list[ShiftInstance]:
    calendar, plant = loaded(rest, *exceptions, day_start=day_start)
    rows = list(instances("l", calendar, plant, date.fromisoformat(first), date.fromisoformat(last)))
    assert all(a.end_us == b.start_us for a, b in pairwise(rows))
    return rows


def told(rows: list[ShiftInstance]) -> list[tuple[str, str, str | None]]:
    return [(r.production_date[-2:], r.name, r.team) for r in rows if r.planned or r.cancelled]


def minute(us: int) -> str:
    minutes = us // 60_000_000
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def test_s33_each_team_works_the_rotation_its_offset_further_on() -> None:
    rows = laid_out(TEAMS, first="2026-01-05", last="2026-01-11")
    assert told(rows) == [
        *(("05", "early", "A"), ("05", "late", "B")),
        *(("06", "early", "A"), ("06", "late", "B")),
        *(("07", "late", "A"), ("08", "late", "A")),
        *(("09", "early", "B"), ("10", "early", "B")),
        *(("11", "early", "A"), ("11", "late", "B")),
    ]


def test_s33_an_offset_beyond_the_cycle_and_a_date_before_the_anchor_go_round() -> None:
    wide = TEAMS.replace("B: 2", "B: 8")
    assert told(laid_out(wide, first="2026-01-11", last="2026-01-11")) == [("11", "early", "A"), ("11", "late", "B")]
    assert told(laid_out(TEAMS, first="2026-01-03", last="2026-01-04")) == [("03", "early", "B"), ("04", "early", "B")]


def test_s33_without_teams_nobody_is_named() -> None:
    alone = TEAMS.replace(", teams: {A: 0, B: 2}", "")
    assert told(laid_out(alone, first="2026-01-05", last="2026-01-07")) == [
        ("05", "early", None),
        ("06", "early", None),
        ("07", "late", None),
    ]


def test_s33_a_moved_or_cancelled_shift_keeps_its_team_and_an_extra_one_has_none() -> None:
    said = (
        'date: 2026-01-05, shift: late, start: "15:00", end: "20:00"',
        "date: 2026-01-06, shift: early, cancelled: true",
        "date: 2026-01-07, shifts: [early, late]",
    )
    rows = laid_out(TEAMS, *said, first="2026-01-05", last="2026-01-07")
    assert told(rows) == [
        *(("05", "early", "A"), ("05", "late", "B")),
        *(("06", "early", "A"), ("06", "late", "B")),
        *(("07", "early", None), ("07", "late", "A")),
    ]
    assert [r.cancelled for r in rows if r.name == "early"] == [False, True, False]


def test_s32_another_team_makes_no_other_shift() -> None:
    swapped = TEAMS.replace("A: 0, B: 2", "B: 0, A: 2")
    one, other = (laid_out(t, first="2026-01-05", last="2026-01-05") for t in (TEAMS, swapped))
    assert [r.key for r in one] == [r.key for r in other]
    assert one != other


@pytest.mark.parametrize(
    ("start", "end", "breaks"),
    [("07:00", "15:00", ["10:00"]), ("10:10", "15:00", ["10:10"])],
)
def test_s33_a_shift_moved_to_a_date_that_lists_none_is_worked(start: str, end: str, breaks: list[str]) -> None:
    said = f'date: 2026-03-07, shift: early, start: "{start}", end: "{end}"'
    rows = laid_out(WEEK, said, first="2026-03-07", last="2026-03-07")
    (early,) = [r for r in rows if r.name == "early"]
    assert (minute(early.start_us), minute(early.end_us)) == (start, end)
    assert [minute(a) for a, _, _ in early.breaks] == breaks


def test_s33_a_date_may_have_other_breaks() -> None:
    others = 'date: 2026-03-02, shift: early, breaks: [{start: "11:00", end: "11:30"}, {start: "13:00", end: "13:10"}]'
    none = "date: 2026-03-03, shift: early, breaks: []"
    rows = laid_out(WEEK, others, none, first="2026-03-02", last="2026-03-03")
    spans = [[(minute(a), minute(b)) for a, b, _ in r.breaks] for r in rows if r.name == "early"]
    assert spans == [[("11:00", "11:30"), ("13:00", "13:10")], []]


def test_s32_a_shift_moved_over_the_start_of_the_day_keeps_its_production_day_whole() -> None:
    """Dogs of Tuesday, 00:00, belongs to Monday; moved to 06:30 it still does, and Tuesday starts after it."""
    said = 'date: 2026-03-03, shift: dogs, start: "06:30", end: "09:00"'
    rows = laid_out(WEEK, said, first="2026-03-02", last="2026-03-03")
    assert [(r.production_date[-2:], r.name, minute(r.start_us)) for r in rows] == [
        ("02", "early", "06:00"),
        ("02", "late", "14:00"),
        ("02", "off", "22:00"),
        ("02", "dogs", "06:30"),
        ("03", "early", "09:00"),
        ("03", "late", "14:00"),
        ("03", "off", "22:00"),
    ]


def test_s32_a_shift_moved_across_midnight_takes_the_time_of_its_neighbours() -> None:
    said = 'date: 2026-03-02, shift: late, start: "20:00", end: "04:00"'
    rows = laid_out(WEEK, said, first="2026-03-02", last="2026-03-02", day_start="00:00")
    assert [(r.name, minute(r.start_us), minute(r.end_us)) for r in rows] == [
        ("dogs", "00:00", "06:00"),
        ("early", "06:00", "14:00"),
        ("off", "14:00", "20:00"),
        ("late", "20:00", "04:00"),
    ]
    (dogs,) = [
        r for r in laid_out(WEEK, said, first="2026-03-03", last="2026-03-03", day_start="00:00") if r.name == "dogs"
    ]
    assert (minute(dogs.start_us), minute(dogs.end_us)) == ("04:00", "06:00")


def test_s33_exceptions_are_found_by_the_date_that_lists_the_shift() -> None:
    said = ("date: 2026-03-03, shift: dogs, cancelled: true, name: Frost", "date: 2026-03-02, closed: true, name: Fair")
    calendar, plant = loaded(WEEK, *said)
    rows = laid_out(WEEK, *said, first="2026-03-02", last="2026-03-02")
    assert [(r.name, [e.name for e in exceptions_of(calendar, plant, r)]) for r in rows] == [
        ("early", ["Fair"]),
        ("late", ["Fair"]),
        ("off", ["Fair"]),
        ("dogs", ["Frost"]),
    ]
