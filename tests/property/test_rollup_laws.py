"""S-41: roll-ups and sums commute, for any machines and any hours; ratios never enter."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oee.config.model import Rollup
from oee.kernels.ratios import losses, ratios
from oee.kernels.rollup import roll_elements
from oee.model import SCALAR_ELEMENTS, Elements, ProductOutput

COUNTS = st.integers(0, 2**40)
MACHINES = ("a", "b", "c")
COUNTED = [Rollup("constraint", "a", *of) for of in (("b", "c", "b"), (None, "b", None), ("c", None, "b"))]


@st.composite
def outputs(draw: st.DrawFn) -> tuple[ProductOutput, ...]:
    """Parts of some products, each at a cycle of its own; total = good + reject + rework (S-9)."""
    made = []
    for product in draw(st.lists(st.sampled_from([None, "A", "B"]), unique=True, max_size=3)):
        good, reject, rework = draw(COUNTS), draw(COUNTS), draw(COUNTS)
        ideal = Fraction(draw(st.integers(1, 10**9)), 7)
        made.append(ProductOutput(product, ideal, good + reject + rework, good, reject, rework))
    return tuple(made)


@st.composite
def elements(draw: st.DrawFn) -> Elements:
    scalars = {name: draw(COUNTS) for name in SCALAR_ELEMENTS}
    return Elements(**scalars, output=draw(outputs()), unscheduled=draw(outputs()), unknown=draw(outputs()))


HOURS = st.lists(st.fixed_dictionaries({m: elements() for m in MACHINES}), min_size=1, max_size=4)


def total(hours: list[dict[str, Elements]]) -> dict[str, Elements]:
    return {m: reduce(add, (h[m] for h in hours)) for m in MACHINES}


def comparable(e: Elements) -> tuple[object, ...]:
    """Elements without rows of nothing, which change no sum."""
    kinds = (e.output, e.unscheduled, e.unknown)
    rows = [
        tuple(o for o in kind if o.total_count or o.good_count or o.reject_count or o.rework_count) for kind in kinds
    ]
    return (*(getattr(e, name) for name in SCALAR_ELEMENTS), *rows)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hours=HOURS)
def test_s40_pooled_elements_are_the_sum_of_the_machines(hours: list[dict[str, Elements]]) -> None:
    pooled = Rollup("pooled", "a")
    rows = [roll_elements(pooled, h) for h in hours]
    assert reduce(add, rows) == roll_elements(pooled, total(hours))
    for name in SCALAR_ELEMENTS:
        assert getattr(rows[0], name) == sum(getattr(hours[0][m], name) for m in MACHINES)
    assert rows[0].total_count == sum(hours[0][m].total_count for m in MACHINES)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hours=HOURS, rollup=st.sampled_from(COUNTED))
def test_s41_hours_of_a_line_with_counting_machines_sum_to_its_shift(
    hours: list[dict[str, Elements]], rollup: Rollup
) -> None:
    rows = [roll_elements(rollup, h) for h in hours]
    whole = roll_elements(rollup, total(hours))
    assert comparable(reduce(add, rows)) == comparable(whole)
    assert whole.wip_count == sum(row.wip_count or 0 for row in rows)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hours=HOURS, rollup=st.sampled_from(COUNTED))
def test_s40_the_waterfall_of_counting_machines_closes(hours: list[dict[str, Elements]], rollup: Rollup) -> None:
    e = roll_elements(rollup, total(hours))
    apt_us = e.run_us + e.small_stop_us
    known_us = apt_us + e.planned_stop_us + e.unplanned_stop_us + e.external_stop_us
    good_us = known_us - sum(loss.time_us or 0 for loss in losses(e))
    r = ratios(e)
    assert good_us == sum((o.ideal_cycle_us or 0) * o.good_count for o in e.output)
    if e.wip_count == 0 and len(e.output) < 2 and r.quality is not None and r.performance is not None:
        assert good_us == r.performance * apt_us * r.quality
