"""``oee shifts``: the calendar of any dates, as it will be or was, without a row of it in the database."""

from __future__ import annotations

import pytest
from main_job import oee

from oee.store.master import Master

PLANT = """
version: 1
plant: {id: works, timezone: Europe/Budapest, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "14:00", breaks: [{start: "10:00", end: "10:20"}]}
      night: {start: "22:00", end: "06:00"}
    rotation: {anchor: 2026-01-05, days: [[early], [night], [], []], teams: {Red: 0, Blue: 3}}
    exceptions:
      - {date: 2032-01-07, closed: true, name: Flood}
      - {date: 2032-01-09, shift: early, start: "07:00", end: "15:00", name: Frost}
lines: {l: {calendar: default, machines: {m: {}}}}
"""


ROTATION = PLANT[PLANT.index("    rotation:") : PLANT.index("    exceptions:")]


@pytest.fixture
def shifts(database, db, tmp_path):
    def call(first, last, source=PLANT):
        Master(db).apply(source, None, 1_700_000_000_000_000)
        found = oee("shifts", "l", "--from", first, "--to", last, database=database, data_dir=tmp_path)
        assert found.returncode == 0, found.stderr
        return [" ".join(line.split()) for line in found.stdout.splitlines()]

    return call


def test_dates_far_ahead_with_teams_exceptions_and_time_off(shifts):
    lines = shifts("2032-01-06", "2032-01-09")
    assert lines == [
        "date shift team start end length breaks",
        "2032-01-06 early Red 2032-01-06T06:00:00+01:00 2032-01-06T14:00:00+01:00 8.00 h 10:00–10:20",
        "2032-01-06 off 2032-01-06T14:00:00+01:00 2032-01-07T06:00:00+01:00 16.00 h not scheduled",
        "2032-01-07 early Blue 2032-01-07T06:00:00+01:00 2032-01-07T14:00:00+01:00 8.00 h cancelled, Flood",
        "2032-01-07 off 2032-01-07T14:00:00+01:00 2032-01-07T22:00:00+01:00 8.00 h not scheduled, Flood",
        "2032-01-07 night Red 2032-01-07T22:00:00+01:00 2032-01-08T06:00:00+01:00 8.00 h cancelled, Flood",
        "2032-01-08 off 2032-01-08T06:00:00+01:00 2032-01-08T22:00:00+01:00 16.00 h not scheduled",
        "2032-01-08 night Blue 2032-01-08T22:00:00+01:00 2032-01-09T06:00:00+01:00 8.00 h",
        "2032-01-09 off 2032-01-09T06:00:00+01:00 2032-01-09T07:00:00+01:00 1.00 h not scheduled",
        "2032-01-09 early 2032-01-09T07:00:00+01:00 2032-01-09T15:00:00+01:00 8.00 h 10:00–10:20 moved, Frost",
        "2032-01-09 off-2 2032-01-09T15:00:00+01:00 2032-01-10T06:00:00+01:00 15.00 h not scheduled",
    ]


def test_s30_nights_of_changing_clocks_show_their_true_length(shifts):
    saturdays = PLANT.replace(ROTATION, "    week: {sat: [night]}\n")
    for day, told in (
        ("2001-03-24", "2001-03-24T22:00:00+01:00 2001-03-25T06:00:00+02:00 7.00 h"),
        ("2001-10-27", "2001-10-27T22:00:00+02:00 2001-10-28T06:00:00+01:00 9.00 h"),
        ("2031-03-29", "2031-03-29T22:00:00+01:00 2031-03-30T06:00:00+02:00 7.00 h"),
        ("2031-04-05", "2031-04-05T22:00:00+02:00 2031-04-06T06:00:00+02:00 8.00 h"),
    ):
        assert f"{day} night {told}" in shifts(day, day, saturdays)
