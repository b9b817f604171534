"""Orders as a timeline, time without one, ideal cycles that take force in mid-shift: pure (S-12, S-25)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from engine_fixture import (
    CALC,
    EXCLUDED,
    MIN_US,
    PLANNED,
    RUN,
    S_US,
    UNPLANNED,
    at,
    facts_of,
    machine,
    planned,
    samples,
    settled_of,
)

from oee.calculate import cut, cut_by
from oee.kernels.ideals import Ideals, split_by_ideals
from oee.kernels.orders import EventKind, NoOrder, OrderEvent, in_force, in_force_at, without_order
from oee.kernels.products import ProductRun
from oee.kernels.states import Piece
from oee.model import ProductOutput

NO_ORDER = NoOrder(EXCLUDED, ("2", "4"))


def event(number: int, at_us: int, kind: EventKind, order: str, machine_: str | None = None) -> OrderEvent:
    return OrderEvent(number, at_us, kind, order, f"P{order}", machine_)


def told(*events: OrderEvent) -> list[tuple[int, str, str]]:
    return [(f.at_us, f.order, f.product) for f in in_force(events, "m")]


def test_a_start_ends_what_runs_and_an_end_leaves_the_product() -> None:
    assert told(event(1, 10, "start", "1"), event(2, 20, "start", "2"), event(3, 30, "finish", "2")) == [
        (10, "1", "P1"),
        (20, "2", "P2"),
        (30, "", "P2"),
    ]


def test_an_end_of_what_does_not_run_says_nothing() -> None:
    assert told(event(1, 5, "finish", "1"), event(2, 10, "start", "1"), event(3, 20, "pause", "2")) == [(10, "1", "P1")]


@pytest.mark.parametrize("first", [1, 2])
def test_of_two_events_at_one_instant_the_last_word_holds(first: int) -> None:
    pair = [event(first, 20, "start", "2"), event(3 - first, 20, "finish", "1")]
    assert told(event(0, 10, "start", "1"), *pair) == [(10, "1", "P1"), (20, "2", "P2")]


def test_an_event_of_one_machine_is_not_of_another() -> None:
    assert told(event(1, 10, "start", "1", "m"), event(2, 20, "start", "2", "n")) == [(10, "1", "P1")]
    assert in_force_at(in_force([event(1, 10, "start", "1")], "m"), 9) is None


def stop(start: int, end: int, state: str = "2", reason: str | None = None) -> Piece:
    return Piece(start, end, UNPLANNED, state, reason)


RUNS = (ProductRun(10, "A", "1"), ProductRun(20, "A", ""), ProductRun(30, "A", "2"))


def test_no_order_takes_the_part_of_a_stop_without_an_order() -> None:
    got = without_order([stop(0, 40)], RUNS, NO_ORDER)
    assert [(p.start_us, p.end_us, p.category) for p in got] == [
        (0, 10, UNPLANNED),
        (10, 20, UNPLANNED),
        (20, 30, EXCLUDED),
        (30, 40, UNPLANNED),
    ]


@pytest.mark.parametrize(
    "piece", [stop(20, 30, "9"), stop(20, 30, reason="JAM"), Piece(20, 30, RUN, "2"), Piece(20, 30, PLANNED, "2")]
)
def test_no_order_leaves_other_states_reasons_and_categories(piece: Piece) -> None:
    assert list(without_order([piece], RUNS, NO_ORDER)) == [piece]


def test_no_order_before_any_word_of_orders_there_is_none_to_miss() -> None:
    assert list(without_order([stop(0, 40)], [ProductRun(0, "A", None)], NO_ORDER)) == [stop(0, 40)]
    anything = replace(NO_ORDER, states=None)
    (after,) = without_order([stop(50, 60, "odd")], [*RUNS[:2]], anything)
    assert after.category is EXCLUDED


FIRST, LATER = Ideals(-(2**62), Fraction(10 * S_US)), Ideals(at("08:00"), None, {"A": Fraction(3600, 28_000) * S_US})


def test_s12_ideals_split_a_range_where_they_take_force() -> None:
    got = [(a, b, i.of("A")) for a, b, i in split_by_ideals([FIRST, LATER], at("06:00"), at("09:00"))]
    assert got == [
        (at("06:00"), at("08:00"), 10 * S_US),
        (at("08:00"), at("09:00"), Fraction(900_000, 7)),
    ]
    assert [i for *_, i in split_by_ideals([FIRST, LATER], at("08:00"), at("09:00"))] == [LATER]
    assert [i for *_, i in split_by_ideals([FIRST, LATER], at("06:00"), at("08:00"))] == [FIRST]


def test_s12_parts_are_judged_by_the_cycle_in_force_as_they_were_made() -> None:
    """A part each 10 s from 06:00 to 10:00; from 08:00 on B has no cycle, A 28,000 an hour, exactly."""
    story = samples(
        [(at("06:00"), "run"), (at("10:00"), "run")],
        product=[(at("06:00"), "A"), (at("09:00"), "B")],
        total=[(at("06:00"), 0), (at("10:00"), 1440)],
    )
    rules = replace(CALC, ideal_cycle_us=FIRST.ideal_cycle_us, later_ideals=(LATER,))
    settled = settled_of(facts_of(machine(), story, (at("08:00"),)), planned(at("06:00"), at("10:00")), rules)
    whole = cut(settled, at("06:00"), at("10:00"), rules)
    assert whole.elements.output == (
        ProductOutput("A", Fraction(900_000, 7), 360, 360, 0),
        ProductOutput("A", Fraction(10 * S_US), 720, 720, 0),
        ProductOutput("B", None, 360, 360, 0),
    )
    assert "ideal_cycle_missing" in whole.flags
    rows = dict(cut_by(settled, at("06:00"), at("10:00"), rules, "product"))
    assert [rows[p].ideal_known for p in ("A", "B")] == [True, False]
    assert not cut(settled, at("09:00"), at("10:00"), rules).ideal_known


@pytest.mark.parametrize(
    ("policy", "category", "setup_us", "b_us"),
    [(PLANNED, PLANNED, 20 * MIN_US, 80), (UNPLANNED, UNPLANNED, 0, 80), (None, UNPLANNED, 0, 60)],
)
def test_s25_a_changeover_is_what_the_policy_says(policy: object, category: object, setup_us: int, b_us: int) -> None:
    story = samples(
        [(at("06:00"), "run"), (at("06:40"), "stop"), (at("07:00"), "run"), (at("08:00"), "run")],
        product=[(at("06:00"), "A"), (at("07:00"), "B")],
    )
    rules = replace(CALC, changeover=policy)
    settled = settled_of(facts_of(machine(counters={}), story), planned(at("06:00"), at("08:00")), rules)
    e = cut(settled, at("06:00"), at("08:00"), rules).elements
    assert (e.planned_stop_us + e.unplanned_stop_us, e.setup_us) == (20 * MIN_US, setup_us)
    assert (e.planned_stop_us > 0) == (category is PLANNED)
    rows = dict(cut_by(settled, at("06:00"), at("08:00"), rules, "product"))
    assert rows["B"].elements.calendar_us == b_us * MIN_US
