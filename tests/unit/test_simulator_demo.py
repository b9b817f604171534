"""The demo scenario: its working time and the believability of its weeks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile

from ruamel.yaml import YAML

from simulators.bench import bench_plant_yaml
from simulators.demo import DEMO, demo_plant_yaml, working_windows
from simulators.model import Plant
from simulators.packml import State

HOUR_US = 3_600_000_000


def utc_us(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


def windows_of(start_us: int, end_us: int) -> list[tuple[int, int]]:
    windows = takewhile(lambda window: window.start_us < end_us, working_windows(start_us))
    return [(window.start_us, window.end_us) for window in windows if window.start_us >= start_us]


def test_a_winter_monday_has_three_shifts_with_breaks() -> None:
    at = datetime(2026, 1, 5, 5, tzinfo=UTC)
    edges = [(0, 240), (260, 480), (480, 720), (750, 960), (960, 1200), (1230, 1440)]
    expected = [tuple(int((at + timedelta(minutes=m)).timestamp()) * 1_000_000 for m in edge) for edge in edges]
    assert windows_of(expected[0][0], expected[0][0] + 24 * HOUR_US) == expected


def test_every_day_is_worked_so_that_the_demo_is_live_whenever_it_starts() -> None:
    friday_us, monday_us = utc_us(2026, 1, 9, 5), utc_us(2026, 1, 12, 5)
    a_day = [(a - friday_us, b - friday_us) for a, b in windows_of(friday_us, friday_us + 24 * HOUR_US)]
    days = [(friday_us + n * 24 * HOUR_US) for n in range(3)]
    assert windows_of(friday_us, monday_us) == [(day + a, day + b) for day in days for a, b in a_day]


def test_breaks_and_shifts_follow_the_wall_clock_in_summer() -> None:
    assert windows_of(utc_us(2026, 7, 6, 4), utc_us(2026, 7, 6, 5))[0] == (utc_us(2026, 7, 6, 4), utc_us(2026, 7, 6, 8))


def test_two_weeks_are_believable() -> None:
    start_us = utc_us(2026, 11, 9)
    end_us = start_us + 14 * 24 * HOUR_US
    plant = Plant.at(1, DEMO, start_us)
    plant.advance(end_us)
    planned_us = sum(to_us - from_us for from_us, to_us in windows_of(start_us, end_us))
    for line in DEMO.lines:
        log = plant.logs[line.constraint]
        changes = [*log.changes(0, end_us), log.change_at(end_us)._replace(at_us=end_us)]
        run_us = sum(b.at_us - a.at_us for a, b in pairwise(changes) if a.state == State.EXECUTE)
        good, reject = (len(times) for times in log.parts(start_us, end_us))
        run_ratio = run_us / planned_us
        assert 0.65 < run_ratio < 0.9
        assert 0.90 < (good + reject) * log.spec.ideal_cycle_us / run_us <= 1
        assert 0.96 < good / (good + reject) < 0.996
        oee = good * log.spec.ideal_cycle_us / planned_us
        assert 0.55 < oee < 0.85


def test_plant_file_of_the_demo_names_every_signal_by_its_real_address() -> None:
    plant = YAML(typ="safe").load(demo_plant_yaml(4840, 5020))
    assert plant["connectors"]["plc_opcua"]["endpoint"] == "opc.tcp://127.0.0.1:4840"
    assert plant["connectors"]["plc_modbus"]["port"] == 5020
    assert list(plant["lines"]) == ["filling", "press", "packing"]
    filler = plant["lines"]["filling"]["machines"]["filler"]
    assert filler["products"] == {"COLA05": {"ideal_cycle_s": 1.2}}
    assert filler["signals"]["state"]["address"] == "nsu=urn:oee:simulator;s=Filler.State"
    good = plant["lines"]["packing"]["machines"]["palletiser"]["signals"]["good"]
    assert (good["address"], good["unit"]) == ("holding:40011", 2)
    assert good["counter"] == {"modulus": 4294967296, "glitch_tolerance": 5}
    for line in DEMO.lines:
        machines = plant["lines"][line.id]["machines"]
        assert {name: tuple(machine["signals"]) for name, machine in machines.items()} == {
            machine.id: machine.signals for machine in line.machines
        }


def test_plant_file_of_the_bench_takes_the_poll_interval() -> None:
    plant = YAML(typ="safe").load(bench_plant_yaml(1, 2, interval_s=0.5))
    assert {connector["interval_s"] for connector in plant["connectors"].values()} == {0.5}
