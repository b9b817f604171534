"""The plant model: deterministic, conserving parts, true to its schedule."""

import random
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest

from simulators.bench import BENCH
from simulators.demo import demo_scenario
from simulators.machine import Buffer
from simulators.model import Plant
from simulators.packml import Mode, SimpleState, State, simple_state
from simulators.schedule import Window
from simulators.spec import ProductSpec

HOUR_US = 3_600_000_000
START_US = 1_772_434_800_000_000  # Monday 2026-03-02 07:00 UTC, 08:00 in Berlin: the early shift is at work


DEMO = demo_scenario(START_US)


@pytest.fixture(scope="module")
def two_days() -> Plant:
    plant = Plant.at(3, DEMO, START_US)
    plant.advance(START_US + 48 * HOUR_US)
    return plant


def doings(plant: Plant, to_us: int) -> dict[str, object]:
    return {name: (log.changes(0, to_us), log.lots(0, to_us), log.parts(0, to_us)) for name, log in plant.logs.items()}


@pytest.mark.parametrize("scenario", [DEMO, BENCH], ids=lambda scenario: scenario.name)
def test_history_does_not_depend_on_how_the_model_is_advanced(scenario) -> None:
    end_us = START_US + 20 * HOUR_US
    at_once = Plant.at(5, scenario, START_US)
    at_once.advance(end_us)
    in_steps = Plant.at(5, scenario, START_US)
    seen = {name: ([], [], ([], [])) for name in in_steps.logs}
    now_us, steps = START_US - 1, random.Random(1)
    while now_us < end_us:
        before_us, now_us = now_us, min(end_us, now_us + int(steps.expovariate(1 / 600e6)))
        in_steps.advance(now_us)
        for name, log in in_steps.logs.items():
            changes, lots, (good, reject) = seen[name]
            changes += log.changes(before_us, now_us)
            lots += log.lots(before_us, now_us)
            more_good, more_reject = log.parts(before_us, now_us)
            good += more_good
            reject += more_reject
    assert seen == doings(at_once, end_us)


def test_another_seed_gives_another_history() -> None:
    plants = [Plant.at(seed, BENCH, START_US) for seed in (1, 2)]
    for plant in plants:
        plant.advance(START_US + HOUR_US)
    assert doings(plants[0], plants[0].now_us) != doings(plants[1], plants[1].now_us)


def test_parts_are_conserved_along_a_line(two_days: Plant) -> None:
    at_us = START_US + np.arange(0, 48 * HOUR_US, 7_000_003, dtype=np.int64)
    for line in DEMO.lines:
        for (before, after), places in zip(pairwise(line.machines), line.buffer_parts, strict=True):
            arrived = two_days.logs[before.id].counts(at_us)[1]
            used = two_days.logs[after.id].counts(at_us)[0] * after.inputs_per_part
            # in the machine after: the parts of one take; in the machine before: a finished one without a place
            in_between = arrived - used
            assert in_between.min() >= 0
            assert in_between.max() <= places + after.inputs_per_part + 1
            assert in_between.max() >= places, "the buffer never filled: blocking was not exercised"


def test_no_part_is_faster_than_the_ideal_cycle_and_none_is_made_outside_execute(two_days: Plant) -> None:
    for log in two_days.logs.values():
        made_us = np.sort(np.concatenate(log.parts(0, two_days.now_us)))
        assert len(made_us) > 5000
        assert np.diff(made_us).min() >= log.spec.ideal_cycle_us
        changes = log.changes(0, two_days.now_us)
        # a part is done at the end of a stretch of Execute at the latest, so judge it one microsecond earlier
        index = np.searchsorted([change.at_us for change in changes], made_us - 1, side="right") - 1
        assert {changes[i].state for i in set(index.tolist())} == {State.EXECUTE}


def test_changes_ascend_and_differ(two_days: Plant) -> None:
    for log in two_days.logs.values():
        for before, after in pairwise(log.changes(0, two_days.now_us)):
            assert before.at_us < after.at_us
            assert before[1:] != after[1:]


def test_machines_stand_outside_working_time_and_stop_within_seconds(two_days: Plant) -> None:
    pauses = [
        (line, before, after)
        for line in DEMO.lines
        for before, after in pairwise(islice(line.windows(START_US), 12))
        if before.end_us < after.start_us and before.end_us > START_US and after.start_us < two_days.now_us
    ]
    assert {line.id for line, *_ in pauses} == {"filling", "press", "packing"}
    for line, before, after in pauses:
        for log in (two_days.logs[machine.id] for machine in line.machines):
            settled_us = before.end_us + 40_000_000
            assert log.change_at(settled_us).state == State.STOPPED
            assert log.changes(settled_us, after.start_us - 1) == []
            assert log.parts(settled_us, after.start_us) == ([], [])


def test_every_kind_of_stop_occurs(two_days: Plant) -> None:
    seen = {change[1:] for log in two_days.logs.values() for change in log.changes(0, two_days.now_us)}
    assert {(State.HELD, 1, 17), (State.HELD, 1, 23), (State.SUSPENDED, 1, 0), (State.SUSPENDED, 1, 31)} <= seen
    assert {(State.IDLE, 3, 90), (State.STOPPED, 2, 91), (State.STOPPED, 1, 0), (State.ABORTED, 1, 23)} <= seen


def test_a_finite_schedule_ends_in_stopped_for_ever() -> None:
    lines = tuple(replace(line, windows=lambda us: iter([Window(us, us + HOUR_US)])) for line in DEMO.lines)
    scenario = replace(DEMO, lines=lines)
    plant = Plant.at(1, scenario, START_US)
    plant.advance(START_US + 1000 * HOUR_US)
    for log in plant.logs.values():
        assert log.change_at(plant.now_us).state == State.STOPPED
        assert log.changes(START_US + HOUR_US + 60_000_000, plant.now_us) == []


def test_counters_rise_wrap_at_the_modulus_and_reset() -> None:
    line = BENCH.lines[0]
    reset_us = START_US + HOUR_US // 2
    machine = replace(line.machines[0], modulus=1000, counter_start=990, counter_resets_us=(reset_us,))
    plant = Plant.at(1, replace(BENCH, lines=(replace(line, machines=(machine,)),)), START_US)
    plant.advance(START_US + HOUR_US)
    log = plant.logs[machine.id]
    at_us = START_US + np.arange(0, HOUR_US + 1, 100_000, dtype=np.int64)
    shown, made = log.signals(at_us)["total"], log.counts(at_us)[0]
    assert shown[0] == 990
    assert shown[at_us == reset_us] == 0
    is_before = at_us < reset_us
    assert (shown[is_before] == (990 + made[is_before]) % 1000).all()
    assert (shown[~is_before] == (made[~is_before] - made[at_us == reset_us]) % 1000).all()
    assert (np.diff(made) >= 0).all()
    assert made[-1] > 3000
    assert (shown >= 0).all()
    assert (shown < 1000).all()


def test_counters_miss_what_is_made_while_their_sensors_are_dead_and_go_on_after_it() -> None:
    line = BENCH.lines[0]
    dead = (START_US + HOUR_US // 4, START_US + HOUR_US // 2)
    reset_us = dead[1] + HOUR_US // 4
    machine = replace(line.machines[0], outages_us=(dead,), counter_resets_us=(reset_us,))
    plant = Plant.at(1, replace(BENCH, lines=(replace(line, machines=(machine,)),)), START_US)
    plant.advance(START_US + HOUR_US)
    log = plant.logs[machine.id]
    at_us = np.array([dead[0] - 1, dead[0], dead[1] - 1, dead[1], reset_us - 1, reset_us, plant.now_us])
    assert log.is_dead(at_us).tolist() == [False, True, True, False, False, False, False]
    shown, made = log.signals(at_us)["total"], log.counts(at_us)[0]
    assert made[3] - made[1] > 1000
    assert shown[3] == shown[1] == made[1]
    assert shown[4] == made[4] - (made[3] - made[1])
    assert shown[5] == 0
    assert shown[6] == made[6] - made[5]


@pytest.mark.parametrize(("switch", "when"), [("start", 0.0), ("middle", 0.5), ("restart", 1.0)])
def test_product_and_order_switch_within_the_changeover_where_the_machine_says(switch, when) -> None:
    products = (
        ProductSpec("P1", "One", "piece", {"mixer": 300_000}),
        ProductSpec("P2", "Two", "piece", {"mixer": 400_000}),
    )
    line = BENCH.lines[0]
    machine = replace(line.machines[0], switch=switch, stops=())
    line = replace(line, machines=(machine,), products=products, lot_s=600)
    plant = Plant.at(1, replace(BENCH, lines=(line,)), START_US)
    plant.advance(START_US + HOUR_US)
    log = plant.logs["mixer"]
    changes, lots = log.changes(START_US, plant.now_us), log.lots(START_US, plant.now_us)
    assert len(lots) > 3
    assert [lot.product for lot in lots[:3]] == ["P2", "P1", "P2"]
    assert [lot.order for lot in lots[:3]] == ["WO-1002", "WO-1003", "WO-1004"]
    setups = [(a.at_us, b.at_us) for a, b in pairwise(changes) if (a.state, a.mode) == (State.IDLE, Mode.MANUAL)]
    for lot, (start_us, end_us) in zip(lots, setups, strict=False):
        assert lot.at_us == pytest.approx(start_us + when * (end_us - start_us), abs=1)
    edges = np.array([START_US, *(lot.at_us for lot in lots)])
    sizes = np.diff(log.counts(edges)[0])
    assert all(size % 100 == 0 for size in sizes if size >= 1000)
    for (a_us, b_us), lot in zip(pairwise(edges.tolist()), [log.lot_at(START_US), *lots], strict=False):
        made_us = np.sort(np.concatenate(log.parts(a_us, b_us)))
        assert np.diff(made_us).min() >= {"P1": 300_000, "P2": 400_000}[lot.product]


def test_reading_ahead_of_the_model_is_refused() -> None:
    plant = Plant.at(1, BENCH, START_US)
    with pytest.raises(ValueError, match="advance it first"):
        plant.read("mixer", START_US + 1)


def test_a_buffer_that_cannot_hold_one_take_is_refused() -> None:
    with pytest.raises(ValueError, match="5 parts of one take"):
        Buffer(4, 5)


@pytest.mark.parametrize(
    ("state", "mode", "expected"),
    [
        (State.EXECUTE, Mode.PRODUCE, SimpleState.RUN),
        (State.SUSPENDED, Mode.PRODUCE, SimpleState.STARVED),
        (State.STOPPED, Mode.PRODUCE, SimpleState.OFF),
        (State.HELD, Mode.PRODUCE, SimpleState.STOPPED),
        (State.IDLE, Mode.MANUAL, SimpleState.SETUP),
        (State.STOPPED, Mode.MAINTENANCE, SimpleState.SETUP),
    ],
)
def test_simple_states(state, mode, expected) -> None:
    assert simple_state(state, mode) == expected
