"""Incremental = full recompute, bit for bit, on the real store path (S-11, S-42, S-52)."""

from __future__ import annotations

import random

import pytest
from compute_plant import (
    CAPPER,
    DAY_US,
    FILLER,
    MIN_US,
    S_US,
    Plant,
    Record,
    alive,
    clock,
    sample,
    story,
)

from oee.spool.records import SpoolSample
from oee.store.database import Database

END = clock("10:30")


def recomputed(plant: Plant) -> Plant:
    """Every fact told anew from the first sample."""
    plant.rows("UPDATE machine_facts SET rules = 'others' RETURNING 1")
    plant.rows(
        "INSERT INTO dirty (machine_id, from_ts) SELECT machine_id, first_ts FROM machine_facts"
        " ON CONFLICT (machine_id) DO NOTHING RETURNING 1"
    )
    plant.restart().tick()
    return plant


def _same(plant: Plant, seed: object) -> None:
    facts, results, revisions = plant.facts(), plant.published(), plant.revisions()
    assert facts["production"]
    assert facts["state_interval"]
    again = recomputed(plant)
    for table, rows in again.facts().items():
        assert facts[table] == rows, (seed, table)
    assert again.published() == results
    assert again.revisions() == revisions


@pytest.mark.parametrize("seed", range(3))
def test_s42_many_small_ticks_equal_one_full_recompute(db: Database, seed: int) -> None:
    plant = Plant(db)
    plant.now_us = clock("05:59")
    plant.play(story(seed, clock("06:00"), END), END, 97 * S_US)
    assert plant.rows("SELECT 1 FROM checkpoint")
    _same(plant, seed)


@pytest.mark.parametrize("seed", [10, 11])
def test_s11_order_and_repetition_of_batches_change_nothing(db: Database, seed: int) -> None:
    """What a spool delivers late, twice and out of order, with ticks in between."""
    rng = random.Random(seed)
    plant = Plant(db)
    records = story(seed, clock("06:00"), END)
    batches: list[list[Record]] = [[] for _ in range(12)]
    for r in records:
        batches[rng.randrange(12)].append(r)
    plant.now_us = END
    for batch in [*batches, batches[3], batches[7]]:
        rng.shuffle(batch)
        plant.write(batch)
        plant.service.tick()
    _same(plant, seed)


def _running(start: str, end: str, every_s: int = 30) -> list[Record]:
    """Both machines run and are alive, a part every two seconds."""
    records: list[Record] = [
        sample(f"{FILLER}/state", clock(start), "6"),
        sample(f"{CAPPER}/state", clock(start), True),
    ]
    step = every_s * S_US
    for t in range(clock(start), clock(end) + 1, step):
        n = (t - DAY_US) // (2 * S_US)
        records += [sample(f"{FILLER}/total", t, n % 65_536), sample(f"{CAPPER}/good", t, n)]
        if t > clock(start):
            records.append(alive(t - step, t))
    return records


def test_s7_a_rise_across_bad_values_is_spread_over_the_whole_gap(db: Database) -> None:
    """Good at 06:10, Bad twice at 06:40, Good at 07:00: the rise belongs to 06:10 … 07:00, checkpoints or not."""
    plant = Plant(db)
    plant.now_us = clock("05:59")
    steady = [r for r in _running("06:00", "07:30") if not (getattr(r, "key", "").endswith("/total"))]
    totals = [("06:00", 0), ("06:10", 300), ("06:40", None), ("06:41", None), ("07:00", 1800), ("07:05", 1950)]
    records = [*steady, *(sample(f"{FILLER}/total", clock(t), v) for t, v in totals)]
    plant.play(records, clock("07:30"), 5 * MIN_US)
    assert sum(r[3] for r in plant.facts()["production"] if r[0] == "filler") == 1950
    _same(plant, "bad")


def test_s28_an_uncertain_value_does_not_hide_a_rise(db: Database) -> None:
    """Good 300 twice by 06:10, uncertain 300 just before, Good 1800 at 07:00: the rise is spread from 06:10 on."""
    plant = Plant(db)
    plant.now_us = clock("05:59")
    steady = [r for r in _running("06:00", "07:30") if not (getattr(r, "key", "").endswith("/total"))]
    totals = [("06:00", 300), ("06:10", 300), ("07:00", 1800), ("07:05", 1950)]
    uncertain = SpoolSample(f"{FILLER}/total", clock("06:59:30"), 300, 0x40000000)
    records = [*steady, uncertain, *(sample(f"{FILLER}/total", clock(t), v) for t, v in totals)]
    plant.play(records, clock("07:30"), 5 * MIN_US)
    assert sum(r[3] for r in plant.facts()["production"] if r[0] == "filler") == 1650
    _same(plant, "uncertain")


def test_s52_a_late_sample_touches_its_shift_alone_by_one_revision(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("05:59")
    records = _running("06:00", "10:30")
    plant.play(records, clock("10:30"), 10 * MIN_US)
    assert plant.revisions() == [("early", 1, "shift closed"), ("late", 1, "shift closed")]
    before = plant.published()
    plant.write([sample(f"{FILLER}/state", clock("09:20"), "10"), sample(f"{FILLER}/state", clock("09:30"), "6")])
    plant.service.tick()
    assert plant.revisions() == [("early", 1, "shift closed"), ("late", 1, "shift closed"), ("late", 2, "late data")]
    changed = [(new[1], new[2]) for new, old in zip(plant.published(), before, strict=True) if new != old]
    assert sorted(str(who) for _, who in changed) == ["None", "filler"]
    found = plant.results.shift("bottling", "2026-03-02", "late")
    assert found.window.elements.unplanned_stop_us == 10 * MIN_US
    _same(plant, "late")


def test_s11_replay_of_all_input_creates_no_revision(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("05:59")
    records = story(5, clock("06:00"), END)
    plant.play(records, END, 10 * MIN_US)
    facts, revisions = plant.facts(), plant.revisions()
    assert len(revisions) >= 2
    plant.write(records)
    plant.service.tick()
    assert (plant.facts(), plant.revisions()) == (facts, revisions)


def test_s42_chunk_size_changes_nothing(db: Database) -> None:
    """The same input in one batch, ticked once, says what many small batches say."""
    plant = Plant(db)
    plant.now_us = END
    records = story(0, clock("06:00"), END)
    plant.write(records)
    plant.service.tick()
    _same(plant, "one batch")
