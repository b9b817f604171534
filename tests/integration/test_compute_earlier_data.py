"""Data older than all known before, of the same day: the running service computes the shifts that they reach (S-52)."""

from __future__ import annotations

from compute_plant import CAPPER, Plant, alive, clock, sample
from test_compute_incremental import recomputed

from oee.store.database import Database

IMPORTED = """
version: 1
plant: {id: acme, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "08:00"}
      late: {start: "08:00", end: "10:00"}
      third: {start: "10:00", end: "12:00"}
    week: {mon: [early, late, third]}
lines:
  bottling:
    calendar: default
    machines:
      press: {signals: {state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop}}}}
"""


def _hour(start: str, end: str) -> list:
    at, until = clock(start), clock(end)
    values = [sample(f"{CAPPER}/state", at, True), sample(f"{CAPPER}/good", at, 0), sample(f"{CAPPER}/good", until, 50)]
    return [*values, alive(at, clock("12:30"), CAPPER)]  # delivered beyond the last shift


def test_s52_older_data_of_the_same_day_bring_their_shift_without_a_restart(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("13:00")
    plant.write(_hour("10:30", "11:30"))
    plant.service.recompute()
    assert [name for name, *_ in plant.revisions()] == ["third"]
    plant.write(_hour("06:30", "07:30"))
    plant.service.recompute()
    assert {name for name, *_ in plant.revisions()} >= {"early", "late", "third"}


def test_s26_s52_a_value_that_holds_until_the_next_one_touches_the_closed_shifts_after_it(db: Database) -> None:
    """Without a connector shifts close by the clock; what is imported later changes what held through them."""
    plant = Plant(db, IMPORTED)
    plant.now_us = clock("13:00")
    plant.store.write([sample("bottling/press/state", clock("06:10"), "FAULT")], [])
    plant.service.recompute()
    assert [name for name, *_ in plant.revisions()] == ["early", "late", "third"]
    plant.store.write([sample("bottling/press/state", clock("07:30"), "RUN")], [])
    plant.service.recompute()
    assert [row[1] for row in plant.revisions()] == [1, 2, 1, 2, 1, 2]
    figures = plant.published()
    recomputed(plant)
    assert plant.published() == figures
