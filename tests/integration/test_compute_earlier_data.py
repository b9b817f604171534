"""Data older than all known before, of the same day: the running service computes the shifts that they reach (S-52)."""

from __future__ import annotations

from compute_plant import CAPPER, Plant, alive, clock, sample

from oee.store.database import Database


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
