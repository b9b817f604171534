"""S-13, S-40: parts that another machine counts go by the constraint's time, in every window."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add

from compute_plant import CAPPER, FILLER, MIN_US, PLANT, S_US, Plant, Record, alive, clock, sample

from oee.kernels.ratios import ratios
from oee.model import Elements
from oee.store.database import Database

COUNTED = PLANT.replace(
    "{method: constraint, machine: filler}",
    "{method: constraint, machine: filler, count_total: capper, count_good: capper}",
).replace("ideal_cycle_s: 3", "ideal_cycle_s: 2")
MIXED = (
    COUNTED.replace("connectors:\n", "products:\n  A: {name: A}\n  B: {name: B}\nconnectors:\n", 1)
    .replace(
        "          fault:",
        '          product: {connector: plc, address: "holding:40030", type: uint16}\n          fault:',
    )
    .replace("ideal_cycle_s: 2", "products: {A: {ideal_cycle_s: 2}, B: {ideal_cycle_s: 1}}", 1)
)
START, END = clock("06:00"), clock("08:05")


def running(until_us: int = END) -> list[Record]:
    """Filler and capper run and count a part each 2 s."""
    ticks = range(START, until_us + 1, MIN_US)
    return [
        sample(f"{FILLER}/state", START, "6"),
        sample(f"{CAPPER}/state", START, True),
        *(sample(f"{FILLER}/total", t, (t - START) // (2 * S_US)) for t in ticks),
        sample(f"{FILLER}/reject", START, 0),
        *(sample(f"{CAPPER}/good", t, (t - START) // (2 * S_US)) for t in ticks),
        alive(START, until_us),
    ]


def played(db: Database, source: str, *more: Record) -> Plant:
    plant = Plant(db, source)
    plant.now_us = END
    plant.write([*running(), *more])
    plant.service.recompute()
    return plant


def counts(e: Elements) -> tuple[int, int, int]:
    """Parts in known time, in unscheduled and in unknown time."""
    return e.total_count, sum(o.total_count for o in e.unscheduled), sum(o.total_count for o in e.unknown)


def test_s13_a_counting_machine_that_does_not_know_its_state_still_counts(db: Database) -> None:
    plant = played(db, COUNTED, sample(f"{CAPPER}/state", clock("07:10"), None))
    line, filler, capper = (
        plant.results.shift("bottling", "2026-03-02", "early", m) for m in (None, "filler", "capper")
    )
    assert counts(line.window.elements) == counts(filler.window.elements) == (3600, 0, 0)
    assert ratios(line.window.elements).oee == ratios(filler.window.elements).oee == Fraction(1)
    assert "parts_in_no_data" not in line.window.flags
    assert counts(capper.window.elements)[2] > 1400


def test_s13_parts_in_the_constraints_unknown_time_are_part_of_no_ratio(db: Database) -> None:
    plant = played(db, COUNTED, sample(f"{FILLER}/state", clock("07:30:30"), None))
    line = plant.results.shift("bottling", "2026-03-02", "early").window
    assert counts(line.elements) == (2745, 0, 855)  # from 07:31:30 on, when the last Good value is 60 s old
    assert "parts_in_no_data" in line.flags
    assert ratios(line.elements).performance == 1


def test_s41_hours_windows_and_shift_of_a_counted_line_agree(db: Database) -> None:
    plant = played(db, COUNTED, sample(f"{CAPPER}/state", clock("07:10"), None))
    shift = plant.results.shift("bottling", "2026-03-02", "early")
    assert reduce(add, (h.elements for h in shift.hours)) == shift.window.elements
    window = plant.results.window("bottling", clock("06:00"), clock("08:00")).window
    assert (window.elements, window.flags) == (shift.window.elements, shift.window.flags)
    parts = [
        plant.results.window("bottling", a, b).window.elements
        for a, b in ((START, clock("07:17:11")), (clock("07:17:11"), clock("08:00")))
    ]
    assert reduce(add, parts) == window.elements
    assert counts(plant.results.current("bottling").window.elements) == (150, 0, 0)


def test_s12_a_counting_machine_without_a_product_signal_counts_what_the_constraint_makes(db: Database) -> None:
    switch = [sample(f"{FILLER}/product", START, "A"), sample(f"{FILLER}/product", clock("07:00"), "B")]
    plant = played(db, MIXED, *switch)
    line = plant.results.shift("bottling", "2026-03-02", "early").window.elements
    assert [(o.product, o.ideal_cycle_us, o.total_count) for o in line.output] == [
        ("A", 2 * S_US, 1800),
        ("B", 1 * S_US, 1800),
    ]
    rows = dict(plant.results.by_product("bottling", START, clock("08:00"), "product"))
    assert {name: counts(r.window.elements) for name, r in rows.items()} == {"A": (1800, 0, 0), "B": (1800, 0, 0)}
    assert reduce(add, (r.window.elements for r in rows.values())) == line


def test_s52_late_counts_of_a_counting_machine_revise_the_line(db: Database) -> None:
    plant = Plant(db, COUNTED)
    plant.now_us = END
    late = [r for r in running() if getattr(r, "key", "") == f"{CAPPER}/good" and r.ts_us > clock("07:30")]
    plant.write([r for r in running() if r not in late])
    plant.service.recompute()
    before = plant.results.shift("bottling", "2026-03-02", "early")
    plant.write(late)
    plant.service.recompute()
    after = plant.results.shift("bottling", "2026-03-02", "early")
    assert (before.window.elements.total_count, after.window.elements.total_count) == (2700, 3600)
    assert (before.revision, after.revision) == (1, 2)
