"""History rows are what a polling collector would have stored, no more and no less."""

from dataclasses import replace
from pathlib import Path

import pytest

import simulators.history
from simulators.bench import BENCH
from simulators.history import Row, history, write_csv
from simulators.model import Plant
from simulators.spec import SIGNALS, TEXT_SIGNALS, ProductSpec

START_US = 1_772_434_800_000_000
COUNTERS = {"good", "reject", "total"}


def stored_by_polling(plant: Plant, start_us: int, end_us: int, interval_us: int) -> set[Row]:
    """Poll tick by tick, plainly."""
    plant.advance(end_us)
    rows: set[Row] = set()
    for name, log in plant.logs.items():
        before: dict[str, Row] = {}
        for at_us in range(start_us, end_us, interval_us):
            reading = plant.read(name, at_us)._asdict()
            is_dead = any(start_us <= at_us < end_us for start_us, end_us in log.spec.outages_us)
            for signal in log.spec.signals:
                row = Row(at_us, name, signal, None if is_dead else reading[signal])
                if signal not in before or before[signal].value != row.value:
                    rows.add(row)
                    if signal in COUNTERS and signal in before and before[signal].value is not None:
                        rows.add(before[signal])
                before[signal] = row
    return rows


@pytest.mark.parametrize("interval_s", [0.1, 0.25, 1.0])
def test_history_equals_polling_tick_by_tick(interval_s: float, monkeypatch) -> None:
    monkeypatch.setattr(simulators.history, "BLOCK_TICKS", 100)  # so that blocks meet within the test
    end_us = START_US + 123_456_789
    rows = list(history(Plant.at(2, BENCH, START_US), START_US + 10_000_000, end_us, interval_s))
    assert len(rows) == len(set(rows))
    expected = stored_by_polling(Plant.at(2, BENCH, START_US), START_US + 10_000_000, end_us, round(interval_s * 1e6))
    assert set(rows) == expected


def test_dead_sensors_give_one_bad_row_and_texts_stand_as_texts(monkeypatch) -> None:
    monkeypatch.setattr(simulators.history, "BLOCK_TICKS", 100)
    line = BENCH.lines[0]
    products = tuple(ProductSpec(name, name, "piece", {"mixer": 300_000}) for name in ("P1", "P2"))
    dead = (START_US + 60_300_000, START_US + 160_300_000)
    machine = replace(line.machines[0], outages_us=(dead,), signals=(*SIGNALS, *TEXT_SIGNALS))
    scenario = replace(BENCH, lines=(replace(line, machines=(machine,), products=products),))
    end_us = START_US + 300_000_000
    rows = list(history(Plant.at(2, scenario, START_US), START_US, end_us, 1.0))
    assert set(rows) == stored_by_polling(Plant.at(2, scenario, START_US), START_US, end_us, 1_000_000)
    bad = [row for row in rows if row.value is None]
    assert {(row.ts_us, row.signal) for row in bad} == {(START_US + 61_000_000, signal) for signal in machine.signals}
    assert {row.signal for row in rows if row.ts_us == START_US + 161_000_000} == set(machine.signals)
    assert {row.value for row in rows if row.signal == "product"} == {"P1", "P2", None}
    assert rows[7].value == "WO-1001"


def test_history_is_sorted_by_time_and_leaves_the_plant_at_its_end() -> None:
    plant = Plant.at(2, BENCH, START_US)
    times = [row.ts_us for row in history(plant, START_US, START_US + 600_000_000, 1.0)]
    assert times == sorted(times)
    assert plant.now_us == START_US + 600_000_000


def test_history_before_the_plant_is_refused() -> None:
    with pytest.raises(ValueError, match="no history"):
        list(history(Plant.at(2, BENCH, START_US), START_US - 1, START_US, 1.0))


def test_csv_has_the_import_format(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    rows = [Row(START_US, "press", "state", 1), Row(START_US + 250_000, "press", "good", 17)]
    rows += [Row(START_US + 500_000, "press", "good", None), Row(START_US + 500_000, "press", "order", "WO-1042")]
    assert write_csv(path, rows) == 4
    assert path.read_text() == (
        "ts,machine,signal,value,quality\n"
        "2026-03-02T07:00:00.000000Z,press,state,1,\n"
        "2026-03-02T07:00:00.250000Z,press,good,17,\n"
        "2026-03-02T07:00:00.500000Z,press,good,,bad\n"
        "2026-03-02T07:00:00.500000Z,press,order,WO-1042,\n"
    )
