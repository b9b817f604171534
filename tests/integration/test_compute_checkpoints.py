"""Where a live tick takes up: in stops, silences and unknown states too, and what reaches back from there (S-42)."""

from __future__ import annotations

import pytest
from compute_plant import FILLER, MIN_US, S_US, Plant, Record, alive, clock, sample

from oee.model import Category
from oee.spool.records import SpoolGap
from oee.store.database import Database
from oee.store.gaps import LOST


def counting(start: str, end: str, step_s: int = 5) -> list[Record]:
    """A counter that moves, whatever the state; life of the filler beside it."""
    times = range(clock(start) + step_s * S_US, clock(end) + 1, step_s * S_US)
    return [*(sample(f"{FILLER}/total", t, t // S_US % 65_536) for t in times), alive(clock(start), clock(end), FILLER)]


def newest_checkpoint(plant: Plant) -> int:
    rows = plant.rows(
        "SELECT extract(epoch FROM max(at_ts)) * 1000000 FROM checkpoint JOIN machine m USING (machine_id)"
        " WHERE m.id = 'filler'"
    )
    return int(rows[0][0] or 0)


def lived(plant: Plant, state: str | None, records: list[Record], until: str) -> None:
    """A state since 06:00 (Bad after a run where None), and what came until a time, in two batches."""
    first = [sample(f"{FILLER}/state", clock("06:00"), state or "6")]
    bad = [] if state else [sample(f"{FILLER}/state", clock("06:01"), None)]
    plant.now_us = clock(until)
    plant.write([*first, *bad, *counting("06:00", "06:05")])
    plant.service.tick()
    plant.write([*records, *counting("06:05", until)])
    plant.service.tick()


@pytest.mark.parametrize("state", ["11", "99", None])
def test_s42_a_stop_an_unknown_state_and_a_silence_have_checkpoints(db: Database, state: str | None) -> None:
    plant = Plant(db)
    lived(plant, state, [], "07:59")
    assert newest_checkpoint(plant) >= clock("07:58")


def test_s25_a_reason_that_comes_after_a_checkpoint_fills_back_to_the_start_of_the_stop(db: Database) -> None:
    plant = Plant(db)
    lived(plant, "11", [], "07:30")
    assert newest_checkpoint(plant) >= clock("07:29")
    plant.write([sample(f"{FILLER}/fault", clock("07:31"), 17), *counting("07:30", "07:32")])
    plant.service.tick()
    assert plant.rows("SELECT DISTINCT reason FROM state_interval") == [("JAM",)]


def test_s26_life_that_returns_after_a_checkpoint_has_the_whole_silence_judged_again(db: Database) -> None:
    plant = Plant(db)
    lived(plant, None, [], "07:30")
    dark = [row for row in plant.facts()["state_interval"] if row[3] == Category.NO_DATA]
    assert len(dark) == 1
    plant.write([sample(f"{FILLER}/state", clock("07:31"), "6"), *counting("07:30", "07:32")])
    plant.service.tick()
    # Some 5,400 parts were made from 06:01 to 07:31, at 2 s each more than the silence: it ran all through it.
    assert [row[3] for row in plant.facts()["state_interval"]] == [Category.RUN]


def test_s52_a_standstill_taken_up_in_its_midst_still_touches_the_shift_in_which_it_began(db: Database) -> None:
    """From 07:58:30 on it stands, undecided at the shift's end; it ends at 08:01:30 and was a small stop."""
    plant = Plant(db)
    plant.now_us = clock("08:01")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), sample(f"{FILLER}/state", clock("07:58:30"), "11")])
    plant.write(counting("06:00", "07:58") + counting("07:58", "08:01"))
    plant.service.tick()
    assert newest_checkpoint(plant) >= clock("08:00")
    early = plant.results.shift("bottling", "2026-03-02", "early").window.elements
    assert (early.unplanned_stop_us, early.small_stop_us) == (90 * S_US, 0)
    plant.now_us = clock("08:03")
    plant.write([sample(f"{FILLER}/state", clock("08:01:30"), "6"), *counting("08:01", "08:03")])
    plant.service.tick()
    early = plant.results.shift("bottling", "2026-03-02", "early").window.elements
    assert (early.unplanned_stop_us, early.small_stop_us) == (0, 90 * S_US)


def test_spool_dropped_is_told_of_the_windows_whose_readings_were_lost(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("10:30")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), *counting("06:00", "10:30", 60)])
    plant.store.write([], [], [SpoolGap("plc", clock("08:30"), (FILLER,), LOST)])
    plant.store.write([], [alive(clock("08:31"), clock("10:30"), FILLER)])
    plant.service.tick()
    flags = {name: plant.results.shift("bottling", "2026-03-02", name).window.flags for name in ("early", "late")}
    assert ("spool_dropped" in flags["early"], "spool_dropped" in flags["late"]) == (False, True)
    window = plant.results.window("bottling", clock("09:00"), clock("09:00") + MIN_US)
    assert "spool_dropped" not in window.window.flags
