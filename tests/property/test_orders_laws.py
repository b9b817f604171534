"""Laws that hold for any order events, policies and changes of ideal cycles (S-12, S-25, S-41, S-42)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import get_args

from engine_fixture import facts_of, restarted, settled_of
from hypothesis import given
from hypothesis import strategies as st
from scenarios import START_US, Scenario, calculation_of, plan_of, rules_of, samples_of, scenarios, seconds, us
from test_engine_laws import MANY, _from

from oee.calculate import CalculationRules, Settled, cut, cut_by
from oee.compute.loading import _entered
from oee.interpret import MachineRules, MachineSamples
from oee.kernels.ideals import Ideals
from oee.kernels.orders import EventKind, NoOrder, OrderEvent, in_force, in_force_at
from oee.kernels.products import KEYS, NO_ORDER, ProductKey
from oee.model import Category, Elements

Story = tuple[MachineRules, MachineSamples, CalculationRules, Scenario, list[OrderEvent]]
CYCLES = st.sampled_from([None, Fraction(10**6), Fraction(900_000, 7), Fraction(7 * 10**6)])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A random machine whose orders are told by random events, under random policies; cycles change in between."""
    s = replace(draw(scenarios()), product=None, order=None)
    moments = draw(seconds(s.length, 8))
    events = [
        OrderEvent(n, us(t), draw(st.sampled_from(get_args(EventKind))), *draw(st.sampled_from(["1A", "2B", "3A"])))
        for n, t in enumerate(draw(st.permutations(moments)))
    ]
    plain = samples_of(s)
    symbols = list(plain.symbols)
    products = _entered(in_force(events, "m"), KEYS, symbols, START_US)
    told = replace(plain, symbols=tuple(symbols), products=products)
    later = tuple(Ideals(us(t), draw(CYCLES), {"A": draw(CYCLES)}) for t in draw(seconds(s.length, 3)) if t)
    categories = st.sampled_from([Category.PLANNED_STOP, Category.EXTERNAL_STOP, Category.EXCLUDED])
    policy = draw(st.none() | st.builds(NoOrder, categories, st.sampled_from([None, ("stop",), ("odd",)])))
    changeover = draw(st.sampled_from([None, Category.PLANNED_STOP, Category.UNPLANNED_STOP]))
    calc = replace(calculation_of(s), later_ideals=later, no_order=policy, changeover=changeover)
    return rules_of(s), told, calc, s, events


def settled(story: Story) -> Settled:
    rules, told, calc, s, _ = story
    facts = facts_of(rules, told, tuple(i.since_us for i in calc.later_ideals))
    return settled_of(facts, plan_of(s), calc)


@MANY
@given(stories(), st.data(), st.sampled_from(KEYS))
def test_s41_rows_of_orders_sum_and_windows_split(story: Story, data: st.DataObject, key: ProductKey) -> None:
    made, calc, minutes = settled(story), story[2], st.integers(0, story[3].length // 60)
    edges = {i.since_us for i in calc.later_ideals}
    a, b, c = sorted(
        data.draw(st.sampled_from(sorted(edges)) if edges else minutes.map(lambda m: us(60 * m))) for _ in range(3)
    )
    left, right, whole = (cut(made, *w, calc).elements for w in ((a, b), (b, c), (a, c)))
    assert left + right == whole
    assert whole.calendar_us == c - a
    rows = cut_by(made, a, c, calc, key)
    assert sum((row.elements for _, row in rows), Elements()) == whole
    assert len({name for name, _ in rows}) == len(rows)
    assert NO_ORDER not in {name for name, _ in rows}


@MANY
@given(stories())
def test_s12_each_part_has_the_cycle_and_order_of_its_instant(story: Story) -> None:
    made, calc = settled(story), story[2]
    line = in_force(story[4], "m")
    for c in made.cells:
        now = in_force_at(line, c.start_us)
        assert (c.order or None, c.product) == ((now.order or None, now.product) if now else (None, None))
        (output,) = cut(made, c.start_us, c.end_us, calc).elements.output or [None]
        past = [i for i in calc.later_ideals if i.since_us <= c.start_us]
        if output and past:
            assert output.ideal_cycle_us == past[-1].ideal_cycles.get(c.product, past[-1].ideal_cycle_us)


@MANY
@given(stories())
def test_s42_orders_told_from_any_checkpoint_say_the_same(story: Story) -> None:
    rules, told, *_ = story
    full = facts_of(rules, told)
    for checkpoint in full.checkpoints:
        assert _from(restarted(rules, told, checkpoint), checkpoint.at_us) == _from(full, checkpoint.at_us)


@MANY
@given(stories())
def test_no_order_moves_stops_only_and_only_in_time_without_an_order(story: Story) -> None:
    rules, told, calc, s, events = story
    kept = settled((rules, told, replace(calc, no_order=None, changeover=None), s, events))
    moved = settled((rules, told, replace(calc, changeover=None), s, events))
    spent = [cut(x, START_US, us(s.length), calc).elements for x in (kept, moved)]
    assert spent[0].calendar_us == spent[1].calendar_us
    assert spent[0].no_data_us == spent[1].no_data_us
    line = in_force(events, "m")
    if not any(f.order == NO_ORDER for f in line):
        assert spent[0] == spent[1]
