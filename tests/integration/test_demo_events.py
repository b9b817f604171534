"""What happens once in the demo's fortnight is really found by the service: its shifts imported, computed and read."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest
from main_job import module_database

from oee.collect.importer import import_csv
from oee.compute.queries import Results
from oee.compute.service import ComputeService, clock_us
from oee.model import ShiftResult
from oee.store.database import Database
from oee.store.master import Master
from simulators.calendar import local_date
from simulators.demo import demo_plant_yaml, demo_scenario
from simulators.demo_events import BREAKDOWN_S, ZONE, Events
from simulators.history import history, write_csv
from simulators.model import Plant
from simulators.packml import State

MINUTE_US = 60_000_000
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
START_US = int((TODAY - timedelta(days=14)).timestamp()) * 1_000_000
EVENTS = Events.after(START_US)
SHIFTS = {
    "unknown state": ("press", local_date(EVENTS.service_menu[0].at_us, ZONE), "late"),
    "bad night": ("filling", EVENTS.day(3), "night"),
    "service": ("filling", EVENTS.day(5), "early"),
    "reset": ("filling", EVENTS.day(9), "early"),
    "dead hour": ("packing", EVENTS.day(11), "late"),
}
STARTS = {"early": time(6), "late": time(14), "night": time(22)}


@pytest.fixture(scope="module")
def plant() -> Plant:
    return Plant.at(7, demo_scenario(START_US), START_US)


@pytest.fixture(scope="module")
def results(server: str, template: str, plant: Plant, tmp_path_factory) -> Iterator[dict[str, ShiftResult]]:
    file: Path = tmp_path_factory.mktemp("demo") / "history.csv"
    constraints = {line.id: line.constraint for line in plant.scenario.lines}
    with module_database(server, template) as conninfo, Database(conninfo) as db:
        Master(db).apply(demo_plant_yaml(4840, 5020, START_US), None, clock_us())
        for line, day, shift in SHIFTS.values():
            start_us = int(datetime.combine(day, STARTS[shift], ZONE).timestamp()) * 1_000_000 - 30 * MINUTE_US
            rows = history(plant, start_us, start_us + 9 * 60 * MINUTE_US, 5.0)
            write_csv(file, (row for row in rows if row.machine == constraints[line]))
            refused: list[str] = []
            report = import_csv(db, file, clock_us(), refused.append)
            assert (report.rejected, refused) == (0, [])
        ComputeService(db).recompute()
        source = Results(db)
        yield {name: source.shift(line, day.isoformat(), shift) for name, (line, day, shift) in SHIFTS.items()}


def test_the_bad_night_has_a_long_breakdown(results: dict[str, ShiftResult]) -> None:
    night = results["bad night"].window
    assert max(stop.length_us for stop in night.stops) > BREAKDOWN_S * 1e6 - 20_000_000
    assert night.elements.unplanned_stop_us > 0.3 * night.elements.known_us


def test_s28_the_dead_hour_is_no_data_and_coverage_is_low(results: dict[str, ShiftResult], plant: Plant) -> None:
    late, wrapper = results["dead hour"].window, plant.logs["wrapper"]
    # on some dates the machine stands on both sides: then the stop goes on (S-26)
    runs = State.EXECUTE in {wrapper.change_at(at_us).state for at_us in EVENTS.outages_us[0]}
    assert late.elements.no_data_us == pytest.approx(60 * MINUTE_US if runs else 0, abs=10 * MINUTE_US)
    assert ("coverage_low" in late.flags) == runs


def test_s5_the_reset_in_mid_shift_is_decided_and_costs_no_parts(results: dict[str, ShiftResult]) -> None:
    early = results["reset"].window
    assert {(d.kind, d.signal) for d in early.decisions} == {("counter_reset", "good"), ("counter_reset", "reject")}
    assert "counter_reset" in early.flags


def test_s20_the_unknown_state_is_no_data_for_some_minutes(results: dict[str, ShiftResult]) -> None:
    late = results["unknown state"].window
    assert "state_unmapped" in late.flags
    assert 4 * MINUTE_US < late.elements.no_data_us < 7 * MINUTE_US


def test_s33_planned_maintenance_is_planned(results: dict[str, ShiftResult]) -> None:
    assert results["service"].window.elements.planned_stop_us >= 119 * MINUTE_US


def test_s12_parts_and_cycles_by_product_are_those_of_the_model(results: dict[str, ShiftResult], plant: Plant) -> None:
    for name, result in results.items():
        if name == "dead hour":  # what was made while the sensors were dead is known to nobody
            continue
        line = next(line for line in plant.scenario.lines if line.id == result.line)
        log = plant.logs[line.constraint]
        start_us, end_us = result.window.start_us, result.window.end_us
        edges = [start_us, *(lot.at_us for lot in log.lots(start_us, end_us)), end_us]
        made: dict[str, int] = {}
        for count, at_us in zip(np.diff(log.counts(np.array(edges))[0]).tolist(), edges, strict=False):
            product = log.lot_at(at_us).product
            made[product] = made.get(product, 0) + count
        elements = result.window.elements
        told: dict[str, int] = {}
        cycles = {product.id: product.cycles_us[line.constraint] for product in line.products}
        for output in (*elements.output, *elements.unscheduled, *elements.unknown):
            told[output.product] = told.get(output.product, 0) + output.total_count
            assert output.ideal_cycle_us == cycles[output.product]
        assert told.keys() == {product for product, count in made.items() if count}
        assert all(abs(told[product] - made[product]) <= 12 for product in told), (name, told, made)
