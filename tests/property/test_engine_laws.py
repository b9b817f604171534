"""Laws that hold for every machine and every window (S-7, S-41, S-42 and section 1 of the rules)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from engine_fixture import (
    HOUR_US,
    MIN_US,
    S_US,
    counter,
    facts_of,
    machine,
    restarted,
    samples,
    settled_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenarios import START_US, Scenario, calculation_of, plan_of, rules_of, samples_of, scenarios, us

from oee.calculate import CalculationRules, Settled, cut, cut_by
from oee.interpret import Facts, MachineRules, MachineSamples
from oee.kernels.products import KEYS, ProductKey
from oee.kernels.ratios import losses, ratios
from oee.kernels.states import Series, merge
from oee.model import SCALAR_ELEMENTS, Elements, ProductOutput

MANY = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def settled(s: Scenario) -> tuple[Settled, CalculationRules]:
    calc = calculation_of(s)
    return settled_of(facts_of(rules_of(s), samples_of(s)), plan_of(s), calc), calc


def minutes(s: Scenario) -> st.SearchStrategy[int]:
    return st.integers(0, s.length // 60)


@MANY
@given(scenarios(), st.data())
def test_s41_windows_sum_and_categories_fill_them(s: Scenario, data: st.DataObject) -> None:
    made, calc = settled(s)
    a, b, c = sorted(us(60 * data.draw(minutes(s))) for _ in range(3))
    left, right, whole = (cut(made, *w, calc) for w in ((a, b), (b, c), (a, c)))
    assert left.elements + right.elements == whole.elements
    for result in (left, right, whole):
        e = result.elements
        assert e.calendar_us == result.end_us - result.start_us
        assert sum(x.counted for x in result.stops) == e.stop_count
        apart = e.not_scheduled_us + e.excluded_us + e.no_data_us + e.planned_stop_us + e.unplanned_stop_us
        assert apart + e.external_stop_us + e.small_stop_us + e.run_us == e.calendar_us
        assert sum(x.end_us - x.start_us for x in result.segments) == e.calendar_us
        assert all(x.end_us == y.start_us for x, y in pairwise(result.segments))
        assert all(getattr(e, name) >= 0 for name in SCALAR_ELEMENTS)
        assert all(o.total_count >= 0 and o.good_count >= 0 for o in e.output + e.unscheduled + e.unknown)


@MANY
@given(scenarios(), st.data(), st.sampled_from(KEYS))
def test_s41_rows_of_products_and_of_orders_sum_to_the_window(
    s: Scenario, data: st.DataObject, key: ProductKey
) -> None:
    made, calc = settled(s)
    a, b = sorted(us(60 * data.draw(minutes(s))) for _ in range(2))
    rows = cut_by(made, a, b, calc, key)
    whole = cut(made, a, b, calc)
    assert sum((row.elements for _, row in rows), Elements()) == whole.elements
    assert sorted(d.at_us for _, row in rows for d in row.decisions) == [d.at_us for d in whole.decisions]
    assert sorted(x.start_us for _, row in rows for x in row.stops) == [x.start_us for x in whole.stops]
    assert len({name for name, _ in rows}) == len(rows)
    for _, row in rows:
        assert sum(x.end_us - x.start_us for x in row.segments) == row.elements.calendar_us
        assert sum(x.counted for x in row.stops) == row.elements.stop_count


@MANY
@given(scenarios())
def test_section_2_ratios_are_exact_and_the_waterfall_closes(s: Scenario) -> None:
    made, calc = settled(s)
    e = cut(made, START_US, us(s.length), calc).elements
    _check_ratios(e, ideal_known=cut(made, START_US, us(s.length), calc).ideal_known)


counts = st.integers(0, 10_000)
ideals = st.one_of(st.none(), st.fractions(Fraction(1, 10), 10**9, max_denominator=10**6))
outputs = st.builds(
    lambda product, ideal, good, reject, rework: ProductOutput(
        product, ideal, good + reject + rework, good, reject, rework
    ),
    st.sampled_from([None, "A", "B"]),
    ideals,
    counts,
    counts,
    counts,
)


@st.composite
def elements(draw: st.DrawFn) -> Elements:
    names = ("not_scheduled_us", "excluded_us", "planned_stop_us", "unplanned_stop_us", "external_stop_us")
    times = {n: draw(st.integers(0, 10**12)) for n in (*names, "small_stop_us", "run_us", "no_data_us")}
    made = [tuple(draw(st.lists(outputs, max_size=3))) for _ in range(3)]
    setup = draw(st.integers(0, times["planned_stop_us"]))
    return Elements(
        calendar_us=sum(times.values()), **times, setup_us=setup, output=made[0], unscheduled=made[1], unknown=made[2]
    )


@MANY
@given(elements())
def test_section_2_ratios_hold_for_any_elements(e: Elements) -> None:
    _check_ratios(e, ideal_known=True)


@MANY
@given(elements(), elements(), elements())
def test_s41_sums_of_elements_have_no_order(a: Elements, b: Elements, c: Elements) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


def _check_ratios(e: Elements, *, ideal_known: bool) -> None:
    r = ratios(e, ideal_known=ideal_known)
    if r.availability is not None and r.performance is not None and r.quality is not None:
        assert r.availability * r.performance * r.quality == r.oee
    assert (r.availability is None) == (e.known_us == 0)
    assert (r.loading is None) == (e.calendar_us == 0)
    assert (r.coverage is None) == (e.planned_busy_us == 0)
    assert (r.piece_quality is None) == (e.total_count == 0)
    if e.actual_production_us == 0:
        assert r.performance is None
    if r.availability is not None and r.availability_min is not None and r.availability_max is not None:
        assert r.availability_min <= r.availability <= r.availability_max
    lost = [loss.time_us for loss in losses(e, ideal_known=ideal_known)]
    if r.oee is not None:
        known = [us_ for us_ in lost if us_ is not None]
        assert len(known) == len(lost)
        assert e.known_us - sum(known) == r.oee * e.known_us
    elif e.known_us:
        assert None in lost


def _from(facts: Facts, at_us: int) -> tuple[object, ...]:
    """All that facts say from an instant on."""
    return (
        merge([replace(p, start_us=max(p.start_us, at_us)) for p in facts.pieces if p.end_us > at_us]),
        [c for c in facts.cells if c.start_us >= at_us],
        [d for d in facts.decisions if d.at_us >= at_us],
        [c for c in facts.checkpoints if c.at_us > at_us],
        [r for r in facts.runs if r.start_us >= at_us],
        facts.through_us,
        facts.hold_until_us,
    )


@settings(MANY, max_examples=100)
@given(scenarios(longest_min=90))
def test_s42_a_run_from_any_checkpoint_says_the_same(s: Scenario) -> None:
    rules, all_samples = rules_of(s), samples_of(s)
    full = facts_of(rules, all_samples)
    for checkpoint in full.checkpoints:
        again = restarted(rules, all_samples, checkpoint)
        assert _from(again, checkpoint.at_us) == _from(full, checkpoint.at_us)


def _until(s: MachineSamples, now_us: int) -> MachineSamples:
    """What has arrived by ``now``: everything up to it, life too."""
    starts, ends = s.alive
    keep = starts <= now_us
    counters = {name: (ts[ts <= now_us], values[ts <= now_us]) for name, (ts, values) in s.counters.items()}
    state, mode, fault = (
        Series(x.ts_us[x.ts_us <= now_us], x.symbol[x.ts_us <= now_us], x.good[x.ts_us <= now_us])
        for x in (s.state, s.mode, s.fault)
    )
    products = {
        key: Series(x.ts_us[x.ts_us <= now_us], x.symbol[x.ts_us <= now_us], x.good[x.ts_us <= now_us])
        for key, x in s.products.items()
    }
    ends = np.minimum(ends[keep], now_us)
    moments = [x.ts_us for x in (state, mode, fault, *products.values())] + [ts for ts, _ in counters.values()] + [ends]
    through = max(int(m.max()) for m in moments if len(m))
    return replace(
        s,
        state=state,
        mode=mode,
        fault=fault,
        products=products,
        counters=counters,
        alive=(starts[keep], ends),
        through_us=through,
    )


@settings(MANY, max_examples=200)
@given(scenarios(longest_min=90), st.data())
def test_s42_incremental_equals_full(s: Scenario, data: st.DataObject) -> None:
    """Facts kept from what had arrived, and facts told anew from a checkpoint before what the new data can touch."""
    rules, all_samples = rules_of(s), samples_of(s)
    now = us(data.draw(st.integers(0, s.length)))
    early = facts_of(rules, _until(all_samples, now))
    ts, _ = all_samples.counters["total"]
    settled_us = int(ts[ts <= now][-2:][0]) if (ts <= now).any() else now
    usable = [c for c in early.checkpoints if c.at_us <= settled_us]
    if not usable:
        return
    checkpoint = data.draw(st.sampled_from(usable))
    full, late = facts_of(rules, all_samples), restarted(rules, all_samples, checkpoint)
    assert _from(late, checkpoint.at_us) == _from(full, checkpoint.at_us)
    kept = [replace(p, end_us=min(p.end_us, checkpoint.at_us)) for p in early.pieces if p.start_us < checkpoint.at_us]
    assert merge(kept + late.pieces) == full.pieces
    assert [c for c in early.cells if c.start_us < checkpoint.at_us] + late.cells == full.cells
    assert [d for d in early.decisions if d.at_us < checkpoint.at_us] + late.decisions == full.decisions
    assert [r for r in early.runs if r.start_us < checkpoint.at_us] + late.runs == full.runs


@settings(MANY, max_examples=100)
@given(scenarios(longest_min=90), st.sampled_from(["total+good", "total+reject", "good+reject", "delta", "halves"]))
def test_s9_thirds_restart_alike_and_never_go_negative(s: Scenario, kind: str) -> None:
    """Counters of one controller are read together; what is no reject is good."""
    rules, all_samples = _two_counters(s, kind)
    full = facts_of(rules, all_samples)
    for c in full.cells:
        assert min(c.good_count, c.reject_count, c.rework_count) >= 0
        assert c.total_count == c.good_count + c.reject_count + c.rework_count
    for checkpoint in full.checkpoints:
        again = restarted(rules, all_samples, checkpoint)
        assert _from(again, checkpoint.at_us) == _from(full, checkpoint.at_us)


def _two_counters(s: Scenario, kind: str) -> tuple[MachineRules, MachineSamples]:
    rows = [(us(t), v, v // 7) for t, v in sorted(dict(s.counter).items())]
    total, reject, n = [], [], (0, 0)
    for t, v, w in rows:
        n = (n[0] + v % 60, n[1] + min(w % 9, v % 60))
        total.append((t, n[0]))
        reject.append((t, n[1]))
    good = [(t, a - b) for (t, a), (_, b) in zip(total, reject, strict=True)]
    named = {"total": total, "good": good, "reject": reject}
    wanted = {"delta": ("total",), "halves": ("total", "reject")}.get(kind) or tuple(kind.split("+"))
    factor = Fraction(1, 2) if kind == "halves" else Fraction(1)
    rule = counter(parts_per_count=factor, delta=kind == "delta")
    rules = machine(ideal_s=s.ideal, max_age_s=s.max_age, counters=dict.fromkeys(wanted, rule))
    plain = samples_of(s)
    rows_of = {w: named[w] for w in wanted}
    if kind == "delta":
        rows_of = {"total": [(t, v % 5) for t, v, _ in rows]}
    return rules, replace(plain, counters=samples([(START_US, "run")], **rows_of).counters, through_us=plain.through_us)


@pytest.mark.parametrize("hours", [1, 24 * 30])
def test_s2_counts_do_not_overflow_over_long_gaps(hours: int) -> None:
    """2³² parts over a month pass int64 where counts are multiplied by times."""
    end = START_US + hours * HOUR_US
    facts = facts_of(machine(), samples([(START_US, "run")], total=[(START_US, 0), (end, 2**32)]))
    half = (end - START_US) // 2 // MIN_US * MIN_US + START_US
    assert sum(c.total_count for c in facts.cells) == 2**32
    assert sum(c.total_count for c in facts.cells if c.start_us < half) == 2**31
    assert facts.through_us - facts.start_us == hours * 3600 * S_US
