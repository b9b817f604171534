"""S-40, S-41: a line from its machines, with figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from rollup_fixture import HOUR_US, S_US, machine_result, output

from oee.compute.states import rolled_state
from oee.config.model import Rollup
from oee.kernels.ratios import Loss, losses, ratios
from oee.kernels.rollup import contributors, roll_up
from oee.model import Category, Elements, ShiftResult
from oee.source import MachineState

POOLED = Rollup("pooled", "a")
IDEAL_US = Fraction(2 * S_US)


def rolled(rollup: Rollup, *results: ShiftResult) -> ShiftResult:
    return roll_up(rollup, {r.machine or "": r for r in results})


def test_s40_the_constraint_alone_is_the_line() -> None:
    filler = machine_result("filler", output(2, 1000, 950, 50), stop_s=600, decided="counter_reset")
    line = rolled(Rollup("constraint", "filler"), filler, machine_result("capper"))
    assert line == replace(filler, machine=None, method="constraint")


def test_s40_single_is_the_one_machine_by_another_name() -> None:
    only = machine_result("press", output(2, 10, 10, 0))
    assert rolled(Rollup("single", "press"), only) == replace(only, machine=None, method="single")


@pytest.mark.parametrize(
    ("rollup", "expected"),
    [
        (Rollup("constraint", "b"), ("b",)),
        (Rollup("constraint", "b", count_good="c"), ("b", "c")),
        (Rollup("constraint", "b", "a", "c", "c"), ("a", "b", "c")),
        (POOLED, ("a", "b", "c")),
    ],
)
def test_s40_only_machines_that_touch_the_line_make_its_result(rollup: Rollup, expected: tuple[str, ...]) -> None:
    assert contributors(rollup, ["a", "b", "c"]) == expected
    machines = [machine_result(m) for m in "abc"]
    changed = [replace(r, definition="other") if r.machine not in expected else r for r in machines]
    assert rolled(rollup, *machines) == rolled(rollup, *changed)
    for m in expected:
        touched = [replace(r, definition="other") if r.machine == m else r for r in machines]
        assert rolled(rollup, *touched).definition != rolled(rollup, *machines).definition


COUNTING = Rollup("constraint", "filler", count_total="depal", count_good="packer", count_reject="checker")


def counted(good: int = 900, reject: int = 40, rework: int = 0, **more: object) -> ShiftResult:
    """1000 bottles enter, 900 leave in boxes, 40 are kicked out; the filler stops 10 of 60 minutes, at 2 s a bottle."""
    return rolled(
        COUNTING,
        machine_result(
            "depal", output(2, 1000, 1000, 0), stop_s=1200, decided="counter_reset", flags=("counter_reset",)
        ),
        machine_result("filler", output(2, 980, 980, 0), stop_s=600, target_count=1350, flags=("stop_open",)),
        machine_result("checker", output(2, 7, 7 - 7, reject, rework), no_data_s=60, flags=("coverage_low",)),
        machine_result("packer", output(2, good, good, 0)),
    )


def test_s40_counting_machines_give_the_counts_and_the_constraint_all_else() -> None:
    line = counted()
    e = line.window.elements
    assert (e.total_count, e.good_count, e.reject_count, e.wip_count) == (1000, 900, 40, 60)
    assert (e.calendar_us, e.unplanned_stop_us, e.no_data_us, e.stop_count) == (HOUR_US, 600 * S_US, 0, 1)
    assert {o.ideal_cycle_us for o in e.output} == {IDEAL_US}
    assert (line.method, line.machine, line.target_good_count) == ("constraint", None, 1350)
    assert line.window.flags == ("counter_reset", "stop_open")
    assert [(d.kind, d.machine) for d in line.window.decisions] == [("counter_reset", "depal")]
    assert {s.machine for s in line.window.segments} == {None}
    assert line.hours[0].elements == e


def test_s40_quality_is_of_what_was_judged_and_oee_of_what_is_good() -> None:
    r = ratios(counted().window.elements)
    assert (r.availability, r.performance) == (Fraction(5, 6), Fraction(2000, 3000))
    assert (r.quality, r.piece_quality, r.scrap_ratio) == (Fraction(900, 940), Fraction(900, 940), Fraction(40, 940))
    assert r.oee == Fraction(1800, 3600)
    assert r.availability * r.performance * r.quality != r.oee


@pytest.mark.parametrize(("good", "reject", "rework"), [(960, 40, 0), (930, 40, 30), (0, 1000, 0)])
def test_s40_the_product_of_the_three_is_oee_exactly_without_work_in_process(
    good: int, reject: int, rework: int
) -> None:
    e = counted(good, reject, rework).window.elements
    r = ratios(e)
    assert e.wip_count == 0
    assert r.availability * r.performance * r.quality == r.oee


@pytest.mark.parametrize(("good", "reject", "wip"), [(900, 40, 60), (1100, 40, -140), (960, 40, 0)])
def test_s40_the_waterfall_closes_whatever_is_in_process(good: int, reject: int, wip: int) -> None:
    e = counted(good, reject).window.elements
    rows = {loss.name: loss for loss in losses(e)}
    assert rows["work_in_process"] == Loss("work_in_process", wip * IDEAL_US, Fraction(wip))
    assert e.known_us - sum(loss.time_us for loss in rows.values()) == good * IDEAL_US
    assert rows["production_rejects"].parts_count == reject


def test_s40_ordinary_lines_have_no_work_in_process() -> None:
    e = machine_result("m", output(2, 100, 90, 4)).window.elements
    assert e.wip_count is None
    assert "work_in_process" not in {loss.name for loss in losses(e)}
    assert ratios(e).quality == Fraction(90, 100)


def test_s40_counts_that_no_machine_is_named_for_are_the_constraints() -> None:
    filler, packer = machine_result("filler", output(2, 980, 970, 10)), machine_result("packer", output(2, 900, 900, 0))
    e = rolled(Rollup("constraint", "filler", count_good="packer"), filler, packer).window.elements
    assert (e.total_count, e.good_count, e.reject_count, e.wip_count) == (980, 900, 10, 70)


def test_s09_quality_is_unknown_where_the_machine_that_counts_rejects_knows_none() -> None:
    filler = machine_result("filler", output(2, 980, 980, 0), quality_known=False)
    packer = machine_result("packer", output(2, 900, 890, 10))
    by = {"count_good": "packer", "count_reject": "packer"}
    assert rolled(Rollup("constraint", "filler", **by), filler, packer).window.quality_known
    assert not rolled(Rollup("constraint", "filler", count_good="packer"), filler, packer).window.quality_known


def test_s40_pooled_machines_are_summed_calendar_too() -> None:
    """A runs 50 of 60 min at 2 s: 1000 made, 900 good. B is known for 30 min at 4 s: 400 made, all good."""
    a = machine_result("a", output(2, 1000, 900, 100), stop_s=600, target_count=1350, flags=("stop_open",))
    b = machine_result("b", output(4, 400, 400, 0), no_data_s=1800, target_count=675, flags=("coverage_low",))
    line = rolled(POOLED, a, b)
    e, r = line.window.elements, ratios(line.window.elements)
    assert e.calendar_us == 2 * HOUR_US
    assert (r.availability, r.coverage) == (Fraction(4800, 5400), Fraction(5400, 7200))
    assert r.performance == Fraction(1000 * 2 + 400 * 4, 4800)
    assert r.quality == Fraction(900 * 2 + 400 * 4, 1000 * 2 + 400 * 4)
    assert r.oee == Fraction(3400, 5400) == r.availability * r.performance * r.quality
    averaged = (ratios(a.window.elements).oee + ratios(b.window.elements).oee) / 2
    assert averaged != r.oee
    assert (line.target_good_count, line.shift_target_good_count) == (2025, 2025)
    assert (line.hours[0].planned_us, line.hours[0].target_good_count) == (2 * HOUR_US, 2025)
    assert line.hours[0].elements == e
    assert line.window.flags == ("coverage_low", "stop_open")
    assert [s.machine for s in line.window.segments] == ["a", "a", "b", "b"]
    assert [(s.machine, s.length_us) for s in line.window.stops] == [("a", 600 * S_US)]
    assert "pooled of a, b" in line.definition


def test_s40_a_pooled_machine_without_data_is_no_data_and_leaves_the_ratios_alone() -> None:
    a, silent = machine_result("a", output(2, 900, 900, 0)), machine_result("b", no_data_s=3600)
    line = ratios(rolled(POOLED, a, silent).window.elements)
    assert line.oee == ratios(a.window.elements).oee
    assert line.coverage == Fraction(1, 2)


def test_s40_an_unknown_target_makes_the_sum_unknown() -> None:
    line = rolled(POOLED, machine_result("a", target_count=5), machine_result("b"))
    assert (line.target_good_count, line.hours[0].target_good_count) == (None, None)


@pytest.mark.parametrize(
    ("categories", "category", "since_us", "who"),
    [
        ((Category.UNPLANNED_STOP, Category.RUN, Category.RUN), Category.RUN, 20, "b"),
        ((Category.PLANNED_STOP, Category.UNPLANNED_STOP, Category.NO_DATA), Category.UNPLANNED_STOP, 30, "b"),
        ((Category.NO_DATA, Category.NOT_SCHEDULED, Category.NO_DATA), Category.NOT_SCHEDULED, 30, "b"),
        ((Category.NO_DATA,) * 3, Category.NO_DATA, 30, "a"),
    ],
)
def test_s40_a_pooled_line_runs_while_any_machine_does(
    categories: tuple[Category, ...], category: Category, since_us: int, who: str
) -> None:
    machines = [
        MachineState(m, c, n * 10, None, None, None) for n, (m, c) in enumerate(zip("abc", categories, strict=True), 1)
    ]
    found = rolled_state(POOLED, machines)
    assert (*found[:2], found[2].machine) == (category, since_us, who)


def test_s41_elements_of_counted_lines_sum_like_all_others() -> None:
    e = counted().window.elements
    assert (e + e).wip_count == 120
    assert (Elements() + e).counted_apart
