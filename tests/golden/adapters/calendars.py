"""Shift patterns → instances (kind calendar): no machine, so the calendar's facade is all that is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from golden_case import HOUR_S, MONDAY, shift

from oee.calendar import instances, week_of
from oee.config.plant import load_plant_text
from oee.model import US_PER_S, ShiftInstance


def _instances(calendar: Mapping[str, Any], first: date, days: int) -> tuple[ShiftInstance, ...]:
    plant = load_plant_text(
        json.dumps(
            {
                "version": 1,
                "plant": {"id": "golden", "timezone": "UTC", "day_start": "06:00"},
                "calendars": {"c": calendar},
                "lines": {"line": {"calendar": "c", "machines": {"m": {}}}},
            }
        ),
        "case",
    )
    return instances("line", plant.calendars["c"], plant.plant, first, first + timedelta(days=days - 1))


def _hours(found: tuple[ShiftInstance, ...]) -> float:
    return sum(s.end_us - s.start_us for s in found) / US_PER_S / HOUR_S


def _weeks(given: Mapping[str, Any]) -> dict[str, Any]:
    firsts = [week_of(date.fromisoformat(d))[0] for d in given["dates"]]
    return {"keys": [f"{monday:%G-W%V}" for monday in firsts]}


def _rotation(given: Mapping[str, Any]) -> dict[str, Any]:
    """One team's days on and off, over one turn of its rotation."""
    days = [day for on, off in given["segments_on_off_days"] for day in [["shift"]] * on + [[]] * off]
    start = 7 * HOUR_S
    calendar = {
        "shifts": {"shift": shift(start, start + given["shift_h"] * HOUR_S)},
        "rotation": {"anchor": MONDAY.isoformat(), "days": days},
    }
    whole = _instances(calendar, MONDAY, len(days))
    again = _instances(calendar, MONDAY + timedelta(days=len(days)), len(days))
    worked = [tuple(s for s in turn if s.planned) for turn in (whole, again)]
    assert [s.name for s in whole] == [s.name for s in again], "the rotation repeats"
    return {"working_h": _hours(worked[0]), "rotation_days": _hours(whole) / 24}


def _day_of_three(given: Mapping[str, Any]) -> dict[str, Any]:
    shifts = {f"s{n}": {"start": a[4:], "end": b[4:]} for n, (a, b) in enumerate(given["shifts"])}
    monday = _instances({"shifts": shifts, "week": {"mon": list(shifts)}}, MONDAY, 1)
    worked = tuple(s for s in monday if s.planned)
    night = date.fromisoformat(worked[-1].production_date)
    return {"hours_in_monday": _hours(worked), "night_belongs_to": night.strftime("%a")}


def found(vector: Mapping[str, Any]) -> dict[str, Any]:
    """What the calendar says."""
    given = vector["inputs"]
    if "dates" in given:
        return _weeks(given)
    return _rotation(given) if "shift_h" in given else _day_of_three(given)
