"""The demo scenario: its working time, the events of its first fortnight and the believability of its weeks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from oee.calendar import instances, local_date, plan
from oee.config.plant import load_plant
from simulators.bench import bench_plant_yaml
from simulators.demo import demo_plant_yaml, demo_scenario
from simulators.demo_events import BREAKDOWN_S, ZONE, Events
from simulators.model import Plant
from simulators.packml import Fault, Mode, State
from simulators.plant_file import plant_yaml
from simulators.spec import LineSpec, Scenario

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
DAYS = 14


def utc_us(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


START_US = utc_us(2026, 11, 9)
END_US = START_US + DAYS * DAY_US
# a week in winter, the autumn clock change on its first, a middle and its last day, the same in spring, a leap day
EPOCHS = [(2026, 11, 9), (2026, 10, 24), (2026, 10, 18), (2026, 10, 12), (2027, 3, 27), (2027, 3, 20), (2028, 2, 20)]


def windows_of(line: LineSpec, start_us: int, end_us: int) -> list[tuple[int, int]]:
    windows = takewhile(lambda window: window.start_us < end_us, line.windows(start_us))
    return [(window.start_us, window.end_us) for window in windows if window.start_us >= start_us]


@pytest.fixture(scope="module")
def demo() -> Scenario:
    return demo_scenario(START_US)


@pytest.fixture(scope="module")
def fortnight(demo: Scenario) -> Plant:
    plant = Plant.at(7, demo, START_US)
    plant.advance(END_US)
    return plant


@pytest.mark.parametrize("epoch", EPOCHS, ids=lambda moment: str(date(*moment)))
def test_s30_machines_work_when_the_plant_file_says_so_also_over_clock_changes(epoch, tmp_path: Path) -> None:
    start_us = utc_us(*epoch)
    end_us = start_us + DAYS * DAY_US
    file = tmp_path / "plant.yaml"
    file.write_text(demo_plant_yaml(4840, 5020, start_us), encoding="utf-8")
    config = load_plant(file)
    eager_us = 10 * 60_000_000
    for line in demo_scenario(start_us).lines:
        first, last = local_date(start_us, ZONE), local_date(end_us, ZONE)
        shifts = instances(line.id, config.calendars[line.calendar], config.plant, first, last)
        planned = [(p.start_us, p.end_us) for p in plan(shifts, [], None) if p.category is None]
        worked = windows_of(line, planned[0][0] - eager_us, planned[-1][1])
        early = [w for w, p in zip(worked, planned, strict=True) if w != p]
        assert all((w[0] + eager_us, w[1]) in planned for w in early)
        assert len(early) == (line.id == "press")


@pytest.mark.parametrize("epoch", EPOCHS, ids=lambda moment: str(date(*moment)))
def test_the_demo_is_live_whenever_it_starts_two_lines_work_on_every_day(epoch) -> None:
    start_us = utc_us(*epoch)
    for line in demo_scenario(start_us).lines:
        worked_us = sum(b - a for a, b in windows_of(line, start_us, start_us + 7 * DAY_US))
        assert (worked_us > 0.9 * 7 * DAY_US) == (line.id != "press")


def oee_of(plant: Plant, line: LineSpec, start_us: int, end_us: int) -> tuple[float, float, float]:
    """Availability, performance and quality in the line's working time, plainly from the log."""
    log = plant.logs[line.constraint]
    spec = log.spec
    planned_us = run_us = ideal_us = ideal_good_us = 0
    for from_us, to_us in windows_of(line, start_us, end_us):
        changes = [log.change_at(from_us)._replace(at_us=from_us), *log.changes(from_us, to_us)]
        changes.append(changes[-1]._replace(at_us=to_us))
        run_us += sum(b.at_us - a.at_us for a, b in pairwise(changes) if a.state == State.EXECUTE)
        planned_us += to_us - from_us
        edges = [from_us, *(lot.at_us for lot in log.lots(from_us, to_us)), to_us]
        cycles = {product.id: product.cycles_us[spec.id] for product in line.products}
        made, good = log.counts(np.array(edges))
        for k, from_edge_us in enumerate(edges[:-1]):
            cycle_us = cycles[log.lot_at(from_edge_us).product]
            ideal_us += cycle_us * int(made[k + 1] - made[k])
            ideal_good_us += cycle_us * int(good[k + 1] - good[k])
    return run_us / planned_us, ideal_us / run_us, ideal_good_us / ideal_us


def test_two_weeks_are_believable_targets_are_met_and_missed(demo: Scenario, fortnight: Plant) -> None:
    for line in demo.lines:
        a, p, q = oee_of(fortnight, line, START_US, END_US)
        assert 0.75 < a < 0.9
        assert 0.9 < p < 1
        assert 0.96 < q < 0.995
        days = [np.prod(oee_of(fortnight, line, day, day + DAY_US)) for day in _working_days(line)]
        assert 0.5 < min(days) < line.targets["oee"] < max(days) < 0.92
        assert 0.6 < a * p * q < 0.85


def _working_days(line: LineSpec) -> list[int]:
    days = range(START_US, END_US, DAY_US)
    return [day for day in days if sum(b - a for a, b in windows_of(line, day, day + DAY_US)) > 6 * HOUR_US]


def test_one_night_is_clearly_the_worst_shift_of_its_line(demo: Scenario, fortnight: Plant) -> None:
    filling, log = demo.lines[0], fortnight.logs["filler"]
    nights = [utc_us(2026, 11, 9 + n, 21) for n in range(13)]
    figures = [np.prod(oee_of(fortnight, filling, night, night + 8 * HOUR_US)) for night in nights]
    assert figures[3] == min(figures) < min(f for n, f in enumerate(figures) if n != 3) - 0.1
    held = [(a, b) for a, b in pairwise(log.changes(nights[3], nights[3] + 8 * HOUR_US)) if a.state == State.HELD]
    assert max(b.at_us - a.at_us for a, b in held) == pytest.approx(BREAKDOWN_S * 1e6, abs=2)


def test_lots_of_several_products_go_through_every_line(demo: Scenario, fortnight: Plant) -> None:
    for line in demo.lines:
        for machine in line.machines:
            lots = fortnight.logs[machine.id].lots(START_US, END_US)
            assert {lot.product for lot in lots} == {product.id for product in line.products}
            assert len({lot.order for lot in lots}) == len(lots) > 15
            changes = fortnight.logs[machine.id].changes(START_US, END_US)
            setups = [b.at_us - a.at_us for a, b in pairwise(changes) if (a.mode, a.state) == (Mode.MANUAL, State.IDLE)]
            assert min(setups) * 2 < max(setups), "all changeovers take the same time"


def test_counters_reset_in_mid_shift_and_pass_their_ends(fortnight: Plant) -> None:
    minutes = np.arange(START_US, END_US, 60_000_000)
    drops = {}
    for name, log in fortnight.logs.items():
        ticks = minutes[~log.is_dead(minutes)]
        shown = log.signals(ticks)["good"]
        drops[name] = [(int(ticks[k + 1]), int(shown[k + 1])) for k in np.flatnonzero(np.diff(shown) < 0).tolist()]
    assert drops.pop("wrapper") == [], "a counter that missed parts must not fall"
    assert {name for name, dropped in drops.items() if dropped} == {"filler", "capper", "palletiser"}
    assert drops["filler"] == [(utc_us(2026, 11, 18, 10, 18), 0)]
    assert len(drops["capper"]) == len(drops["palletiser"]) == 1


def test_dead_hour_unknown_state_service_and_eager_crew_are_there(fortnight: Plant) -> None:
    events = Events.after(START_US)
    dead = [log.spec.id for log in fortnight.logs.values() if log.spec.outages_us]
    assert dead == ["wrapper"]
    (start_us, end_us), *_ = events.outages_us
    assert end_us - start_us == HOUR_US
    wrapper = fortnight.logs["wrapper"]
    assert wrapper.counts(np.array([end_us]))[0] - wrapper.counts(np.array([start_us]))[0] > 500, "nothing to miss"
    menu = [c for c in fortnight.logs["press"].changes(START_US, END_US) if c.state == State.SERVICE_MENU]
    assert len(menu) == 1
    service_us = utc_us(2026, 11, 14, 7)
    for name in ("filler", "capper", "labeller"):
        assert fortnight.logs[name].change_at(service_us + HOUR_US)[1:] == (
            State.STOPPED,
            Mode.MAINTENANCE,
            Fault.CLEANING,
        )
    good, _ = fortnight.logs["press"].parts(utc_us(2026, 11, 10, 4, 40), utc_us(2026, 11, 10, 5))
    assert 50 < len(good) < 160


def test_the_same_seed_and_beginning_make_the_same_fortnight_another_makes_another() -> None:
    def told(seed: int) -> list[object]:
        plant = Plant.at(seed, demo_scenario(START_US), START_US)
        plant.advance(START_US + DAY_US)
        return [(log.changes(0, DAY_US + START_US), log.lots(0, END_US)) for log in plant.logs.values()]

    assert told(7) == told(7) != told(8)


def test_running_machines_mostly_run_and_something_changes_every_few_minutes(demo: Scenario, fortnight: Plant) -> None:
    start_us, end_us = utc_us(2026, 11, 11, 8), utc_us(2026, 11, 11, 9)
    changes = sorted(c.at_us for log in fortnight.logs.values() for c in log.changes(start_us, end_us))
    gaps = np.diff([start_us, *changes, end_us])
    assert np.median(gaps) < 60_000_000
    assert gaps.max() < 900_000_000


def test_plant_file_of_the_demo_names_every_signal_by_its_real_address(demo: Scenario) -> None:
    plant = YAML(typ="safe").load(plant_yaml(demo, 4840, 5020))
    assert plant["connectors"]["plc_opcua"]["endpoint"] == "opc.tcp://127.0.0.1:4840"
    assert plant["connectors"]["plc_modbus"]["port"] == 5020
    assert list(plant["lines"]) == ["filling", "press", "packing"]
    filler = plant["lines"]["filling"]["machines"]["filler"]
    assert filler["products"]["COLA05"] == {"ideal_cycle_s": 1.2}
    assert filler["signals"]["state"]["address"] == "nsu=urn:oee:simulator;s=Filler.State"
    good = plant["lines"]["packing"]["machines"]["palletiser"]["signals"]["good"]
    assert (good["address"], good["type"], good["unit"]) == ("holding:40012", "uint16", 2)
    assert good["counter"] == {"modulus": 65536, "glitch_tolerance": 5}
    for line in demo.lines:
        machines = plant["lines"][line.id]["machines"]
        assert {name: tuple(machine["signals"]) for name, machine in machines.items()} == {
            machine.id: machine.signals for machine in line.machines
        }


def test_exceptions_follow_the_day_on_which_the_demo_begins() -> None:
    for shift in range(0, 28, 5):
        start_us = START_US + shift * DAY_US
        calendars = YAML(typ="safe").load(demo_plant_yaml(1, 2, start_us))["calendars"]
        first = local_date(start_us, ZONE)
        dates = [e["date"] for e in calendars["press"]["exceptions"]]
        dates.append(calendars["default"]["maintenance"][0]["start"])
        days = [date.fromisoformat(str(day)[:10]) for day in dates]
        assert all(first < day < first + timedelta(days=DAYS) for day in days)
        assert len(set(days[:3])) == 3


def test_plant_file_of_the_bench_takes_the_poll_interval() -> None:
    plant = YAML(typ="safe").load(bench_plant_yaml(1, 2, interval_s=0.5))
    assert {connector["interval_s"] for connector in plant["connectors"].values()} == {0.5}
