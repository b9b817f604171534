"""Standstills of more than a day, round the clock: shifts sum to windows, late data revises all it touches."""

from __future__ import annotations

import random
from functools import reduce
from operator import add

import pytest
from compute_plant import (
    DAY_US,
    FILLER,
    HOUR_US,
    MIN_US,
    PLANT,
    S_US,
    Plant,
    Record,
    alive,
    arrival_us,
    clock,
    sample,
)

from oee.compute.service import mark_again
from oee.model import Elements
from oee.store.database import Database

H24 = 24 * HOUR_US
START = clock("06:00")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SWAPS = {
    'early: {start: "06:00", end: "08:00", breaks: [{start: "07:00", end: "07:10"}]}': (
        'early: {start: "06:00", end: "14:00"}'
    ),
    'late: {start: "08:00", end: "10:00"}': 'late: {start: "14:00", end: "22:00"}',
    'third: {start: "10:00", end: "12:00"}': 'third: {start: "22:00", end: "06:00"}',
    "week: {mon: [early, late, third], tue: [early, late, third]}": (
        "week: {" + ", ".join(f"{day}: [early, late, third]" for day in DAYS) + "}"
    ),
    "connectors:\n": (
        "products:\n  A: {name: A, ideal_cycle_s: 2}\n  B: {name: B, ideal_cycle_s: 3}\n  C: {name: C}\nconnectors:\n"
    ),
    "          fault:": '          product: {connector: plc, address: "holding:40030", type: uint16}\n          fault:',
    "profile: packml": (
        "profile: custom,\n"
        "            map: {run: run, wait: external_stop, stop: unplanned_stop, clean: planned_stop, hitch: small_stop}"
    ),
}


def round_the_clock() -> str:
    """The plant file with three shifts of eight hours on every day, and products."""
    source = PLANT
    for old, new in SWAPS.items():
        assert old in source
        source = source.replace(old, new, 1)
    return source


@pytest.fixture
def plant(db: Database) -> Plant:
    return Plant(db, round_the_clock())


def state(at_us: int, value: str) -> Record:
    return sample(f"{FILLER}/state", at_us, value)


def product(at_us: int, value: str) -> Record:
    return sample(f"{FILLER}/product", at_us, value)


def tell(plant: Plant, now_us: int, *records: Record) -> None:
    """Deliver records and compute all that is due by then."""
    plant.now_us = now_us
    plant.write(list(records))
    plant.service.recompute()


def assert_all_agree(plant: Plant, end_us: int) -> None:
    """What was published is what a full recompute says, and the shifts and their stops sum to the whole window."""
    published, facts = plant.published(), plant.facts()
    shifts = plant.results.shifts("bottling", START, end_us)
    whole = plant.results.window("bottling", START, end_us).window
    assert reduce(add, (s.window.elements for s in shifts), Elements()) == whole.elements
    for shift in [s.window for s in shifts] + [whole]:
        listed = plant.results.stops("bottling", shift.start_us, shift.end_us)
        assert sum(s.stop.counted for s in listed) == shift.elements.stop_count
    mark_again(plant.database, ["bottling"], DAY_US, end_us)
    plant.service.recompute()
    assert plant.facts() == facts
    assert plant.published() == published


def test_s51_a_stop_that_is_first_planned_counts_where_it_becomes_unplanned(plant: Plant) -> None:
    """Cleaning from 06:30 on becomes a stop after 24 h 30 min: the shifts before do not change."""
    fails, end = clock("07:00") + H24, clock("22:00") + H24
    tell(plant, fails - MIN_US, state(START, "run"), state(clock("06:30"), "clean"), alive(START, fails - MIN_US))
    before = plant.revisions()
    late = [state(fails, "stop"), state(fails + HOUR_US, "run"), alive(fails - MIN_US, end)]
    tell(plant, end, *late)
    shifts = [s.window.elements for s in plant.results.shifts("bottling", START, end)]
    assert [(e.stop_count, e.closed_stop_count) for e in shifts] == [(0, 0)] * 3 + [(1, 1), (0, 0)]
    assert plant.revisions()[: len(before)] == before
    assert_all_agree(plant, end)


def test_s25_a_run_that_splits_a_changeover_revises_all_that_it_owned(plant: Plant) -> None:
    """A stop of two days is a changeover; a late half hour of run on Tuesday leaves its first part unplanned."""
    tuesday, end = clock("20:00") + H24, clock("12:00") + 2 * H24
    states = [state(START, "run"), state(clock("06:30"), "stop"), state(clock("15:00") + H24, "wait")]
    products = [product(START, "A"), product(clock("08:00") + 2 * H24, "B")]
    tell(plant, end, *states, *products, state(clock("09:00") + 2 * H24, "run"), alive(START, end))
    early = plant.results.shifts("bottling", START, START + 1)[0].window.elements
    assert (early.setup_us, early.unplanned_stop_us) == (450 * MIN_US, 0)
    tell(plant, end, state(tuesday, "run"), state(tuesday + 30 * MIN_US, "stop"))
    early = plant.results.shifts("bottling", START, START + 1)[0].window.elements
    assert (early.setup_us, early.unplanned_stop_us) == (0, 450 * MIN_US)
    assert_all_agree(plant, end)


def test_s25_a_machine_that_never_ran_is_looked_at_from_its_first_word_on(plant: Plant) -> None:
    end = clock("09:00") + 3 * H24
    tell(plant, end, state(START, "stop"), product(START, "A"), product(clock("07:00"), "B"), alive(START, end))
    shifts = [s.window.elements.setup_us for s in plant.results.shifts("bottling", START, START + 3 * H24)]
    assert shifts == [8 * HOUR_US] * 9
    assert_all_agree(plant, end)


def test_s23_a_day_without_data_before_a_window_divides(plant: Plant) -> None:
    """What lies before it is not read: a stop on either side of two days of unmapped state is two."""
    end = clock("22:00") + 3 * H24
    states = [state(START, "stop"), state(clock("07:00"), "odd"), state(clock("07:00") + 2 * H24, "stop")]
    tell(plant, end, *states, state(clock("09:00") + 3 * H24, "run"), alive(START, end))
    shifts = [s.window.elements.stop_count for s in plant.results.shifts("bottling", START, end)]
    assert shifts == [1, *[0] * 5, 1, *[0] * 4]
    assert_all_agree(plant, end)


def test_s22_a_late_run_shortens_the_stop_after_it(plant: Plant) -> None:
    """What follows the run is told as before, but its standstill is only four minutes long, across 14:00."""
    end = clock("23:00")
    states = [state(START, "run"), state(clock("13:40"), "stop"), state(clock("13:58"), "clean")]
    tell(plant, end, *states, state(clock("14:01"), "wait"), state(clock("14:02"), "run"), alive(START, end))
    tell(plant, end, state(clock("13:50"), "run"))
    late = plant.results.shifts("bottling", clock("14:00"), clock("14:01"))[0].window.elements
    assert (late.small_stop_us, late.external_stop_us) == (MIN_US, 0)
    assert_all_agree(plant, end)


def story(rng: random.Random, end_us: int) -> list[Record]:
    """Six days of states, mostly of hours and some of days; silences, products and faults at random."""
    t = seen = START
    records = [state(t, "run"), product(t, "A"), sample(f"{FILLER}/total", t, 0)]
    total, said = 0, "run"
    while t < end_us:
        until = min(t + rng.choice([1, 3, 10, 40, 200, 600, 1900, 2900]) * MIN_US, end_us)
        if rng.random() < 0.2 and until - t > 5 * MIN_US:
            records.append(alive(seen, t, FILLER))
            seen = until
        total += (until - t) // (3 * S_US) if said == "run" else rng.choice([0] * 9 + [3])
        t, said = until, rng.choice(["run", "run", "wait", "stop", "clean", "odd", "hitch", "stop"])
        records += [sample(f"{FILLER}/total", t, total % 65_536), state(t, said)]
        if rng.random() < 0.25:
            records.append(product(t + rng.choice([0, 1, 30]) * MIN_US, rng.choice(["A", "B", "C", ""])))
        if rng.random() < 0.3:
            records.append(sample(f"{FILLER}/fault", t + rng.choice([0, 5]) * MIN_US, rng.choice(["17", "0"])))
    return [r for r in [*records, alive(seen, end_us, FILLER)] if arrival_us(r) <= end_us]


@pytest.mark.parametrize("seed", [35, 57])
def test_s42_late_data_over_standstills_of_days(plant: Plant, seed: int) -> None:
    rng, end = random.Random(seed), START + 6 * H24
    on_time: list[Record] = []
    late: list[Record] = []
    for record in sorted(story(rng, end), key=arrival_us):
        (late if rng.random() < 0.15 else on_time).append(record)
    plant.now_us = START - 1
    plant.play(on_time, end, 12 * HOUR_US)
    rng.shuffle(late)
    for k in range(0, len(late), 3):
        tell(plant, end + HOUR_US, *late[k : k + 3])
    assert_all_agree(plant, end)
