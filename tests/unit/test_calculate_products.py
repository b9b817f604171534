"""Products and orders over a shift: ideal cycles of mixed shifts, changeovers, rows per product (S-12, S-25, S-41)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from engine_fixture import (
    CALC,
    EXCLUDED,
    MIN_US,
    NO_DATA,
    PLANNED,
    RUN,
    S_US,
    UNPLANNED,
    Texts,
    at,
    counter,
    facts_of,
    machine,
    planned,
    result_of,
    samples,
    settled_of,
)

from oee.calculate import Settled, cut, cut_by
from oee.calendar import PlanPiece
from oee.kernels.products import ProductRun
from oee.kernels.ratios import ratios
from oee.model import Category, Elements, WindowResult

T0 = at("06:00")
END = T0 + 120 * MIN_US
RULES = replace(CALC, ideal_cycles={"A": Fraction(60 * S_US), "B": Fraction(30 * S_US)})


def m(minutes: float) -> int:
    return T0 + round(minutes * MIN_US)


def settled(
    state: Texts,
    *marks: tuple[int, int, Category],
    product: Texts | None = None,
    order: Texts | None = None,
    **counters: Sequence[tuple[int, float]],
) -> Settled:
    """Two hours of a machine that makes A at 60 s and B at 30 s per part."""
    rules = machine(counters=dict.fromkeys(counters, counter()), cycles_s={"A": 60, "B": 30})
    facts = facts_of(rules, samples(state, product=product, order=order, through=END, **counters))
    return settled_of(facts, planned(T0, END, *marks), RULES)


def judged(state: Texts, *marks: tuple[int, int, Category], **signals: Texts) -> WindowResult:
    return cut(settled(state, *marks, **signals), T0, END, RULES)


def rows(told: Settled, a: int = T0, b: int = END) -> dict[str | None, Elements]:
    return {name: row.elements for name, row in cut_by(told, a, b, RULES, "product")}


STOP = [(T0, "run"), (m(60), "stop"), (m(80), "run")]


def mixed() -> Settled:
    """A for an hour, 20 min of changeover, B for 40 min: 50 parts of A (2 rejects), 70 of B (7 rejects)."""
    return settled(
        STOP,
        product=[(T0, "A"), (m(80), "B")],
        total=[(T0, 0), (m(60), 50), (m(80), 50), (END, 120)],
        reject=[(T0, 0), (m(60), 2), (m(80), 2), (END, 9)],
    )


def test_s12_a_mixed_shift_is_exact() -> None:
    """A = 100/120; P = (50·60 + 70·30) s / 100 min = 85/100; Q = (48·60 + 63·30)/(50·60 + 70·30) = 4770/5100."""
    result = cut(mixed(), T0, END, RULES)
    r = ratios(result.elements, ideal_known=result.ideal_known)
    assert (r.availability, r.performance, r.quality) == (Fraction(5, 6), Fraction(17, 20), Fraction(477, 510))
    assert r.oee == Fraction(4770, 7200)
    assert r.piece_quality == Fraction(111, 120)
    assert r.nee == Fraction(17, 20) * Fraction(477, 510)
    made = [(o.product, o.ideal_cycle_us, o.total_count, o.good_count) for o in result.elements.output]
    assert made == [("A", 60 * S_US, 50, 48), ("B", 30 * S_US, 70, 63)]
    assert result.flags == ()


def test_s25_a_changeover_is_set_up_and_charged_to_the_incoming_product() -> None:
    told = mixed()
    e = cut(told, T0, END, RULES).elements
    assert (e.planned_stop_us, e.setup_us, e.unplanned_stop_us) == (20 * MIN_US, 20 * MIN_US, 0)
    by = rows(told)
    assert list(by) == ["A", "B"]
    assert (by["A"].calendar_us, by["A"].run_us, by["A"].total_count) == (60 * MIN_US, 60 * MIN_US, 50)
    assert (by["B"].calendar_us, by["B"].run_us, by["B"].setup_us) == (60 * MIN_US, 40 * MIN_US, 20 * MIN_US)
    b = ratios(by["B"])
    assert (b.availability, b.performance, b.quality) == (Fraction(40, 60), Fraction(35, 40), Fraction(9, 10))
    assert b.oee == Fraction(63 * 30, 3600)


@pytest.mark.parametrize("at_min", [60, 60 + 1 / 60, 70, 80])
def test_s25_both_ends_of_a_standstill_belong_to_it(at_min: float) -> None:
    e = judged(STOP, product=[(T0, "A"), (m(at_min), "B")]).elements
    assert (e.planned_stop_us, e.setup_us) == (20 * MIN_US, 20 * MIN_US)


@pytest.mark.parametrize("at_min", [60 - 1 / 60, 80 + 1 / 60])
def test_s25_a_change_while_running_is_no_changeover(at_min: float) -> None:
    told = settled(STOP, product=[(T0, "A"), (m(at_min), "B")])
    e = cut(told, T0, END, RULES).elements
    assert (e.unplanned_stop_us, e.planned_stop_us) == (20 * MIN_US, 0)
    by = rows(told)
    assert by["A"].calendar_us == m(at_min) - T0
    charged = "B" if at_min < 60 else "A"
    assert {p: (x.stop_count, x.closed_stop_count, x.closed_stop_us // MIN_US) for p, x in by.items()} == {
        "A": (0, 0, 0),
        "B": (0, 0, 0),
        charged: (1, 1, 20),
    }


def test_s25_an_order_change_is_a_changeover_too() -> None:
    told = settled(STOP, order=[(T0, "4711"), (m(65), "4712")])
    assert cut(told, T0, END, RULES).elements.setup_us == 20 * MIN_US
    by = cut_by(told, T0, END, RULES, "order")
    assert [(name, row.elements.calendar_us // MIN_US) for name, row in by] == [("4711", 60), ("4712", 60)]


@pytest.mark.parametrize(
    ("product", "is_changeover"),
    [
        ([(m(70), "B")], False),  # the first ever
        ([(T0, "A"), (m(70), "")], False),  # an end is no change
        ([(T0, "A"), (m(70), "A")], False),
        ([(T0, "A"), (m(65), ""), (m(70), "A")], False),  # back again
        ([(T0, "A"), (m(30), ""), (m(70), "B")], True),
        ([(T0, "A"), (m(65), None), (m(70), None)], False),  # bad values are never used (S-28)
        ([(T0, "A"), (m(65), "B"), (m(70), "A")], True),
    ],
)
def test_s25_a_change_is_another_than_the_last_known(product: Texts, is_changeover: bool) -> None:
    e = judged(STOP, product=product).elements
    assert (e.setup_us, e.unplanned_stop_us) == ((20 * MIN_US, 0) if is_changeover else (0, 20 * MIN_US))


def test_s25_a_changeover_is_planned_however_short_and_whatever_the_machine_says() -> None:
    for length_s, word in ((5, "stop"), (200, "wait"), (400, "wait"), (400, "setup")):
        up = m(60) + length_s * S_US
        e = judged([(T0, "run"), (m(60), word), (up, "run")], product=[(T0, "A"), (up, "B")]).elements
        assert (e.setup_us, e.planned_stop_us, e.small_stop_us) == (length_s * S_US, length_s * S_US, 0)


def test_s25_an_open_changeover_is_one_so_far() -> None:
    told = settled([(T0, "run"), (m(100), "stop")], product=[(T0, "A"), (m(110), "B")])
    assert cut(told, T0, END, RULES).elements.setup_us == 20 * MIN_US
    assert rows(told)["B"].calendar_us == 20 * MIN_US


def test_s24_calendar_time_in_a_changeover_stays_what_it_is() -> None:
    """20 min of stop, 5 of them break and 5 planned maintenance: ten are set up; all belong to B."""
    marks = (m(62), m(67), EXCLUDED), (m(70), m(75), PLANNED)
    told = settled(STOP, *marks, product=[(T0, "A"), (m(80), "B")])
    e = cut(told, T0, END, RULES).elements
    assert (e.excluded_us, e.planned_stop_us, e.setup_us) == (5 * MIN_US, 15 * MIN_US, 10 * MIN_US)
    assert rows(told)["B"].calendar_us == 60 * MIN_US


def test_s23_unknown_time_divides_a_changeover() -> None:
    """Ten minutes of stop, ten unknown, ten of stop in which the product changes: only the last ten are set up."""
    state = [(T0, "run"), (m(60), "stop"), (m(70), "gone"), (m(80), "stop"), (m(90), "run")]
    e = judged(state, product=[(T0, "A"), (m(85), "B")]).elements
    assert (e.unplanned_stop_us, e.no_data_us, e.setup_us) == (10 * MIN_US, 10 * MIN_US, 10 * MIN_US)


def test_s25_a_fault_within_a_changeover_is_not_its_reason() -> None:
    rules = machine(faults={"17": ("JAM", UNPLANNED, False), "9": ("CLEAN", PLANNED, False)})
    for code, reason in (("17", None), ("9", "CLEAN")):
        facts = facts_of(rules, samples(STOP, fault=[(m(60), code)], product=[(T0, "A"), (m(80), "B")], through=END))
        segment = result_of(facts, planned(T0, END), (T0, END)).segments[1]
        assert (segment.category, segment.setup, segment.reason) == (PLANNED, True, reason)


def test_s12_an_unknown_product_shows_itself_at_the_machines_own_cycle() -> None:
    told = settled([(T0, "run")], product=[(T0, "X7")], total=[(T0, 0), (END, 60)])
    (unknown,) = cut(told, T0, END, RULES).elements.output
    assert (unknown.product, unknown.ideal_cycle_us) == ("X7", None)
    assert "ideal_cycle_missing" in cut(told, T0, END, RULES).flags
    own = cut(told, T0, END, replace(RULES, ideal_cycle_us=Fraction(90 * S_US)))
    assert own.elements.output[0].ideal_cycle_us == 90 * S_US
    assert "ideal_cycle_missing" not in own.flags


def test_section_2_parts_at_an_unknown_cycle_leave_p_and_oee_unknown_parts_without_do_not() -> None:
    rising = [(T0, 0), (m(60), 30), (m(110), 60)]
    for product, known in (([(T0, "A"), (m(60), "X7")], False), ([(T0, "A"), (END - 1, "X7")], True)):
        result = cut(settled([(T0, "run")], product=product, total=rising), T0, END, RULES)
        r = ratios(result.elements, ideal_known=result.ideal_known)
        assert (r.performance is not None, r.oee is not None, "ideal_cycle_missing" not in result.flags) == (known,) * 3
        assert r.availability == 1


def test_s41_a_product_across_a_window_split_adds_up() -> None:
    told = mixed()
    for edge in (m(30), m(60), m(70), m(80), m(100)):
        left, right, whole = rows(told, T0, edge), rows(told, edge, END), rows(told)
        for name, e in whole.items():
            assert left.get(name, Elements()) + right.get(name, Elements()) == e


def test_s12_parts_during_a_changeover_belong_to_what_was_in_force() -> None:
    """The counter moves in the changeover: five parts before B is set, five after; the time is all B's."""
    rising = [(T0, 0), (m(60), 60), (m(70), 65), (m(80), 70), (END, 150)]
    told = settled(STOP, product=[(T0, "A"), (m(70), "B")], total=rising)
    by = rows(told)
    assert (by["A"].total_count, by["A"].stopped_count, by["A"].calendar_us) == (65, 5, 60 * MIN_US)
    assert (by["B"].total_count, by["B"].stopped_count, by["B"].calendar_us) == (85, 5, 60 * MIN_US)


def test_rows_of_a_machine_without_signals_are_one() -> None:
    rules = replace(CALC, product="A", ideal_cycle_us=Fraction(S_US))
    facts = facts_of(machine(), samples([(T0, "run")], total=[(T0, 0), (END, 60)]))
    told = settled_of(facts, planned(T0, END), rules)
    whole = cut(told, T0, END, rules)
    assert cut_by(told, T0, END, rules, "product") == [("A", whole)]
    assert cut_by(told, T0, END, rules, "order") == [(None, whole)]


def test_facts_are_cut_at_products_and_orders() -> None:
    """6 parts a minute; A until 30 s past minute 10, order 2 from 45 s past it."""
    made = samples(
        [(T0, "run")],
        product=[(T0, "A"), (m(10.5), "B")],
        order=[(T0, "1"), (m(10.75), "2")],
        total=[(T0, 0), (END, 720)],
    )
    facts = facts_of(machine(), made)
    cells = [(c.start_us, c.total_count, c.product, c.order) for c in facts.cells if m(10) <= c.start_us < m(11)]
    assert cells == [(m(10), 3, "A", "1"), (m(10.5), 1, "B", "1"), (m(10.75), 2, "B", "2")]
    assert facts.runs == [
        ProductRun(T0, "A", "1"),
        ProductRun(m(10.5), "B", "1", change=True),
        ProductRun(m(10.75), "B", "2", change=True),
    ]


@pytest.mark.parametrize(("product", "run_min"), [("A", 10), ("B", 5), ("X", 0)])
def test_s26_parts_prove_a_run_by_the_cycle_of_the_product_in_force(product: str, run_min: int) -> None:
    rules = machine(max_age_s=60, cycles_s={"A": 60, "B": 30})
    life = [(T0, m(30)), (m(60), END)]
    made = samples([(T0, "run")], product=[(T0, product), (m(60), "C")], alive=life, total=[(m(30), 5), (m(60), 15)])
    e = result_of(facts_of(rules, made), [PlanPiece(T0, END, None)], (m(30), m(60))).elements
    assert (e.run_us, e.no_data_us) == (run_min * MIN_US, (30 - run_min) * MIN_US)
    assert {p.category for p in facts_of(rules, made).pieces} <= {RUN, NO_DATA}
