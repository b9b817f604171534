"""What a good plant file becomes: exact numbers, defaults, resolved products (contract; S-12, S-22, S-26, S-30…)."""

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from oee.config.faults import PlantFileError
from oee.config.model import (
    BreakPattern,
    CalendarException,
    CounterRules,
    MachineConfig,
    PlantConfig,
    PlantInfo,
    Policies,
    Rollup,
    ShiftPattern,
    Targets,
    canonical_text,
)
from oee.config.plant import load_plant, load_plant_text

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-plant.yaml"
HEAD = """
version: 1
plant: {id: acme, timezone: Europe/Budapest}
calendars:
  default: {shifts: {day: {start: "06:00", end: "24:00"}}, week: {mon: [day]}}
"""
PLC = """
connectors:
  plc: {kind: modbus, host: 10.0.0.5}
"""


@pytest.fixture(scope="module")
def example() -> PlantConfig:
    return load_plant(EXAMPLE)


def machine(keys: str, top: str = "") -> MachineConfig:
    text = f"{HEAD}{top}\nlines:\n  l: {{calendar: default, machines: {{m: {{{keys}}}}}}}\n"
    return load_plant_text(text, "p.yaml").lines["l"].machines["m"]


def test_example_plant_and_calendar(example: PlantConfig) -> None:
    assert example.plant == PlantInfo("acme", "Acme Beverages", "Europe/Budapest", 360)
    calendar = example.calendars["default"]
    assert calendar.shifts["early"] == ShiftPattern("early", 360, 840, (BreakPattern("Break", 600, 620),))
    assert calendar.shifts["night"] == ShiftPattern("night", 1320, 360)
    assert calendar.week is not None
    assert calendar.week[0] == ("early", "late", "night")
    assert calendar.week[4:] == (("early", "late"), (), ())
    assert calendar.exceptions == (
        CalendarException(date(2026, 12, 25), "Christmas", closed=True),
        CalendarException(date(2026, 11, 28), "Extra shift", shifts=("early",)),
        CalendarException(date(2026, 12, 4), "Cut short", shift="late", start_min=840, end_min=1200),
        CalendarException(date(2026, 12, 24), "Christmas Eve", shift="night", cancelled=True),
    )
    window = calendar.maintenance[0]
    assert (window.start, window.end) == (
        datetime.fromisoformat("2026-12-01T08:00"),
        datetime.fromisoformat("2026-12-01T10:00"),
    )
    assert (window.machines, window.name) == (("filler",), "Valve service")
    rotation = example.calendars["four-crews"].rotation
    assert rotation is not None
    assert rotation.anchor == date(2026, 1, 5)
    assert rotation.days == (("day",), ("day",), ("night",), ("night",), (), ())


def test_example_line_keeps_the_order_of_the_parts(example: PlantConfig) -> None:
    line = example.lines["line-1"]
    assert list(line.machines) == ["filler", "capper"]
    assert line.rollup == Rollup("constraint", "filler")
    assert line.targets == Targets(0.75, 0.9, 0.9, 0.98)


def test_example_signals(example: PlantConfig) -> None:
    filler, capper = example.lines["line-1"].machines.values()
    assert filler.signals["good"].counter == CounterRules(4294967296, Fraction(5), Fraction(5))
    assert filler.signals["fault"].reasons == {"17": "JAM", "23": "MECH"}
    assert filler.signals["reject"].type == "uint32"
    assert capper.signals["state"].map == {"true": "run", "false": "unplanned_stop"}
    assert (filler.reject_source, capper.reject_source) == ("counter", "booked")


def test_reasons_inherit_the_category_and_setup_is_marked(example: PlantConfig) -> None:
    mech, clean, change = example.reasons
    assert mech.children[0].category == "unplanned_stop"
    assert (clean.setup, change.setup) == (False, True)


def test_policies_default_to_those_of_the_rules(example: PlantConfig) -> None:
    assert example.policies == Policies() == Policies("unplanned_stop", "planned_stop", "counts_as_planned")
    assert (Policies().maintenance, Policies().lateness_s, Policies().retention_days) == ("planned_stop", 900, 400)


def test_defaults_of_a_bare_machine() -> None:
    assert machine("") == MachineConfig(id="m", line="l", name="m")


def test_end_at_2400_is_midnight() -> None:
    plant = load_plant_text(f"{HEAD}lines: {{l: {{calendar: default, machines: {{m: {{}}}}}}}}", "p.yaml")
    assert plant.calendars["default"].shifts["day"] == ShiftPattern("day", 360, 0)


def test_numbers_are_exact() -> None:
    assert machine("ideal_cycle_s: 5.75").ideal_cycle_s == Fraction(23, 4)
    assert machine("ideal_cycle_s: 0.1").ideal_cycle_s == Fraction(1, 10)
    assert machine("ideal_rate_per_h: 28000").ideal_cycle_s == Fraction(3600, 28000)
    assert machine("parts_per_count: 0.5").parts_per_count == Fraction(1, 2)
    assert machine("min_stop_s: 2.5").min_stop_us == 2_500_000


@pytest.mark.parametrize(
    ("keys", "products", "product", "ideal"),
    [
        ("", "{}", None, None),
        ("ideal_cycle_s: 3", "{}", None, 3),
        ("", "{A: {ideal_cycle_s: 4}}", "A", 4),
        ("ideal_cycle_s: 3", "{A: {ideal_cycle_s: 4}}", "A", 3),
        ("", "{A: {ideal_cycle_s: 4}, B: {}}", None, None),
        ("products: {B: {}}", "{A: {ideal_cycle_s: 4}, B: {ideal_cycle_s: 7}}", "B", 7),
        ("products: {B: {}}, ideal_cycle_s: 3", "{A: {}, B: {ideal_cycle_s: 7}}", "B", 3),
        ("products: {B: {ideal_cycle_s: 2}}, ideal_cycle_s: 3", "{A: {}, B: {ideal_cycle_s: 7}}", "B", 2),
    ],
)
def test_s12_ideal_cycle_is_machine_product_then_machine_then_product(
    keys: str, products: str, product: str | None, ideal: int | None
) -> None:
    found = machine(keys, f"products: {products}")
    assert (found.product, found.ideal_cycle_s) == (product, ideal)


@pytest.mark.parametrize(
    ("keys", "max_age_us"),
    [
        ("signals: {state: {profile: packml}}", None),
        ("signals: {state: {profile: packml, connector: plc, address: 'holding:1', type: uint16}}", 60_000_000),
        ("signals: {state: {profile: packml, connector: plc, address: 'coil:1'}}, max_age_s: null", None),
        ("max_age_s: 90", 90_000_000),
    ],
)
def test_s26_max_age_defaults_to_60_s_with_a_connector_only(keys: str, max_age_us: int | None) -> None:
    assert machine(keys, PLC).max_age_us == max_age_us


@pytest.mark.parametrize(
    ("signals", "source"),
    [("reject: {}", "counter"), ("total: {}, good: {}", "counter"), ("total: {}", "booked"), ("good: {}", "booked")],
)
def test_s9_rejects_come_from_a_counter_if_there_is_one(signals: str, source: str) -> None:
    state = "state: {profile: packml}"
    assert machine(f"signals: {{{state}, {signals}}}").reject_source == source


def test_counters_need_no_rules_and_deltas_have_none() -> None:
    signals = machine("signals: {state: {profile: packml}, total: {}, good: {delta: true}}").signals
    assert signals["total"].counter == CounterRules()
    assert (signals["good"].counter, signals["good"].delta) == (None, True)


def test_map_keys_are_canonical() -> None:
    states = "{6: run, 7.0: run, 0x10: run, True: run, '08': run, Execute: run, 2.5: no_data}"
    signal = machine(f"signals: {{state: {{profile: custom, map: {states}}}}}").signals["state"]
    assert list(signal.map) == ["6", "7", "16", "true", "08", "Execute", "2.5"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (6, "6"), (6.0, "6"), (2.5, "2.5"), ("Execute", "Execute"), (-0.0, "0")],
)
def test_values_of_machines_have_one_text(value: bool | float | str, text: str) -> None:
    assert canonical_text(value) == text


@pytest.mark.parametrize("rollup", ["", "rollup: {method: single},"])
def test_line_of_one_machine_is_that_machine(rollup: str) -> None:
    text = f"{HEAD}lines: {{l: {{calendar: default, {rollup} machines: {{m: {{}}}}}}}}"
    assert load_plant_text(text, "p.yaml").lines["l"].rollup.machine == "m"


def test_line_of_several_machines_must_name_its_constraint() -> None:
    text = f"{HEAD}lines: {{l: {{calendar: default, machines: {{m: {{}}, n: {{}}}}}}}}"
    with pytest.raises(PlantFileError, match=r"^p\.yaml:6: lines\.l\.rollup\.machine: .*one of m, n$"):
        load_plant_text(text, "p.yaml")


def test_same_machine_id_on_two_lines_is_fine() -> None:
    lines = "lines: {k: {calendar: default, machines: {m: {}}}, l: {calendar: default, machines: {m: {}}}}"
    plant = load_plant_text(HEAD + lines, "p.yaml")
    assert [line.machines["m"].line for line in plant.lines.values()] == ["k", "l"]


def test_moved_shift_may_touch_its_neighbours_times() -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace(
        'shift: late, start: "14:00", end: "20:00"', 'shift: early, start: "07:00", end: "15:00"'
    )
    moved = load_plant_text(text, "p.yaml").calendars["default"].exceptions[2]
    assert (moved.shift, moved.start_min, moved.end_min) == ("early", 420, 900)


def test_s12_with_a_product_signal_every_product_has_its_cycle() -> None:
    keys = "ideal_cycle_s: 3, products: {A: {ideal_cycle_s: 2}, B: {}}, signals: {product: {}}"
    found = machine(keys, "products: {A: {ideal_cycle_s: 9}, B: {ideal_cycle_s: 8}, C: {}}")
    assert (found.product, found.ideal_cycle_s) == (None, 3)
    assert found.ideal_cycles_s == {"A": 2, "B": 3, "C": 3}
    found = machine(
        "products: {A: {ideal_cycle_s: 2}}, signals: {product: {}}", "products: {A: {}, B: {ideal_cycle_s: 8}, C: {}}"
    )
    assert (found.product, found.ideal_cycle_s, found.ideal_cycles_s) == (None, None, {"A": 2, "B": 8, "C": None})


def test_section_3_a_quotient_is_exact() -> None:
    """Twelve counts a part, and a third of a count: decimals can't say either."""
    m = machine('parts_per_count: "1/12", ideal_cycle_s: 7/3, signals: {state: {profile: packml}, good: {scale: 1/3}}')
    assert (m.parts_per_count, m.ideal_cycle_s) == (Fraction(1, 12), Fraction(7, 3))
    assert m.signals["good"].scale == Fraction(1, 3)
