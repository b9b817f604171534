"""Raw facts × calendar → final categories, stops and flags (S-13, S-22, S-23, S-24, S-27, section 2)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from engine_fixture import (
    CALC,
    EXCLUDED,
    MIN_US,
    NO_DATA,
    OFF,
    PLANNED,
    RUN,
    S_US,
    SMALL,
    UNPLANNED,
    Texts,
    at,
    facts_of,
    machine,
    planned,
    result_of,
    samples,
    settled_of,
)

from oee.calculate import cut, decided_until
from oee.calendar import PlanPiece
from oee.kernels.ratios import losses, ratios
from oee.model import Category, Elements, ProductOutput, WindowResult

T0 = at("06:00")
END = T0 + 120 * MIN_US


def m(minutes: float) -> int:
    return T0 + round(minutes * MIN_US)


def judged(state: Texts, *marks: tuple[int, int, Category], **total: list[tuple[int, float]]) -> WindowResult:
    """Two hours of a machine in one shift."""
    facts = facts_of(machine(), samples(state, through=END, **total))
    return result_of(facts, planned(T0, END, *marks), (T0, END))


def told(result: WindowResult) -> list[tuple[float, Category]]:
    return [((s.start_us - T0) / MIN_US, s.category) for s in result.segments]


def stop_of(length_s: float, word: str = "stop") -> WindowResult:
    return judged([(T0, "run"), (m(10), word), (m(10) + round(length_s * S_US), "run")])


@pytest.mark.parametrize(
    ("length_s", "category"),
    [(0.5, RUN), (9.999999, RUN), (10, SMALL), (300, SMALL), (300.000001, UNPLANNED), (3600, UNPLANNED)],
)
def test_s22_thresholds_are_inclusive_to_the_microsecond(length_s: float, category: Category) -> None:
    result = stop_of(length_s)
    assert next(s.category for s in result.segments if s.start_us <= m(10) < s.end_us) is category
    assert len(result.stops) == result.elements.stop_count == (1 if category is UNPLANNED else 0)


def test_s22_external_pieces_become_small_or_slow_too() -> None:
    assert stop_of(60, "wait").elements.small_stop_us == MIN_US
    assert stop_of(5, "wait").elements.run_us == END - T0


@pytest.mark.parametrize("length_s", [5, 60, 1000])
def test_s22_planned_pieces_never_change(length_s: int) -> None:
    e = stop_of(length_s, "setup").elements
    assert (e.planned_stop_us, e.run_us + e.planned_stop_us) == (length_s * S_US, END - T0)


def test_s22_the_unplanned_part_of_a_short_standstill_with_a_planned_part_is_small() -> None:
    e = judged([(T0, "run"), (m(10), "stop"), (m(11), "setup"), (m(13), "run")]).elements
    assert (e.small_stop_us, e.planned_stop_us, e.unplanned_stop_us) == (MIN_US, 2 * MIN_US, 0)


def test_s23_adjacent_stops_of_any_category_are_one_standstill_and_one_stop() -> None:
    result = judged([(T0, "run"), (m(10), "stop"), (m(13), "wait"), (m(16), "setup"), (m(20), "run")])
    assert [(s.start_us, s.end_us, s.category) for s in result.stops] == [(m(10), m(20), PLANNED)]
    e = result.elements
    assert (e.unplanned_stop_us, e.external_stop_us, e.planned_stop_us) == (3 * MIN_US, 3 * MIN_US, 4 * MIN_US)
    assert (e.small_stop_us, e.stop_count) == (0, 1)


def test_s23_a_break_inside_goes_off_the_length_and_does_not_divide() -> None:
    """Four minutes beside a break of 30: a small stop; six: one stop of six minutes."""
    pause = (m(30), m(60), EXCLUDED)
    short = judged([(T0, "run"), (m(28), "stop"), (m(62), "run")], pause)
    assert (short.elements.small_stop_us, short.stops) == (4 * MIN_US, ())
    long = judged([(T0, "run"), (m(27), "stop"), (m(63), "run")], pause)
    assert [(s.start_us, s.end_us, s.length_us) for s in long.stops] == [(m(27), m(63), 6 * MIN_US)]
    assert (long.elements.stop_count, long.elements.excluded_us) == (1, 30 * MIN_US)


@pytest.mark.parametrize("between", [OFF, NO_DATA])
def test_s23_unscheduled_and_unknown_time_divide(between: Category) -> None:
    """Four minutes on each side of what divides: two small stops, not one stop of eight minutes."""
    if between is OFF:
        result = judged([(T0, "run"), (m(26), "stop"), (m(64), "run")], (m(30), m(60), OFF))
    else:
        result = judged([(T0, "run"), (m(26), "stop"), (m(30), "gone"), (m(60), "stop"), (m(64), "run")])
    assert (result.elements.small_stop_us, result.stops) == (8 * MIN_US, ())


def test_s23_class_is_uncut_by_shift_edges_and_a_closed_shift_tells_its_stop_as_it_stood() -> None:
    facts = facts_of(machine(), samples([(T0, "run"), (m(58), "stop"), (m(64), "run")], through=END))
    shifts = [PlanPiece(T0, m(60), None), PlanPiece(m(60), END, None)]
    early, late = (result_of(facts, shifts, w) for w in ((T0, m(60)), (m(60), END)))
    assert (early.elements.unplanned_stop_us, late.elements.unplanned_stop_us) == (2 * MIN_US, 4 * MIN_US)
    assert [(s.end_us, s.length_us, s.in_window_us) for s in early.stops] == [(None, 2 * MIN_US, 2 * MIN_US)]
    assert [(s.end_us, s.length_us, s.in_window_us) for s in late.stops] == [(m(64), 6 * MIN_US, 4 * MIN_US)]
    assert (early.elements.stop_count, late.elements.stop_count) == (1, 0)
    assert (early.elements.closed_stop_count, late.elements.closed_stop_us) == (0, 6 * MIN_US)


def test_s23_a_stop_counts_where_its_first_unplanned_time_starts() -> None:
    """It is cleaned from 06:50 on and found broken at 07:10: it counts and ends in the second shift."""
    states: Texts = [(T0, "run"), (m(50), "setup"), (m(70), "stop"), (m(80), "setup"), (m(85), "stop"), (m(90), "run")]
    facts = facts_of(machine(), samples(states, through=END))
    shifts = [PlanPiece(T0, m(60), None), PlanPiece(m(60), END, None)]
    windows = [result_of(facts, shifts, w) for w in ((T0, m(60)), (m(60), m(70)), (m(70), m(80)), (m(80), END))]
    assert [(w.elements.stop_count, w.elements.closed_stop_count) for w in windows] == [(0, 0), (0, 0), (1, 0), (0, 1)]
    assert [[s.counted for s in w.stops] for w in windows] == [[False], [False], [True], [False]]


def test_s23_a_stop_carried_over_the_shift_start_is_seen() -> None:
    facts = facts_of(machine(), samples([(T0, "run"), (m(10), "stop"), (m(70), "run")], through=END))
    late = result_of(facts, [PlanPiece(T0, m(60), None), PlanPiece(m(60), END, None)], (m(60), END))
    assert late.elements.unplanned_stop_us == 10 * MIN_US


def test_s23_an_open_standstill_is_undecided_until_it_passes_the_limit() -> None:
    for length_min, decided in ((4, m(10)), (6, m(16))):
        now = m(10 + length_min)
        facts = facts_of(machine(), samples([(T0, "run"), (m(10), "stop")], through=now))
        settled = settled_of(facts, planned(T0, END))
        result = cut(settled, T0, now, CALC, live=True)
        assert result.elements.unplanned_stop_us == length_min * MIN_US
        assert "stop_open" in result.flags
        assert result.segments[-1].open
        assert [(s.end_us, s.length_us) for s in result.stops] == [(None, length_min * MIN_US)]
        assert decided_until(settled, CALC.small_stop_max_us) == decided


def test_s24_not_scheduled_and_breaks_win_over_the_machine() -> None:
    result = judged([(T0, "stop")], (m(10), m(20), EXCLUDED), (m(30), m(40), OFF))
    e = result.elements
    assert (e.excluded_us, e.not_scheduled_us) == (10 * MIN_US, 10 * MIN_US)
    assert e.unplanned_stop_us == 100 * MIN_US


def test_s24_planned_maintenance_outranks_run_and_stop_of_the_machine() -> None:
    e = judged([(T0, "run"), (m(20), "stop"), (m(60), "run")], (m(10), m(40), PLANNED)).elements
    assert (e.planned_stop_us, e.unplanned_stop_us) == (30 * MIN_US, 20 * MIN_US)


def test_s27_a_run_beats_a_break_for_exactly_its_duration() -> None:
    state = [(T0, "run"), (m(15), "stop"), (m(25), "run")]
    result = judged(state, (m(10), m(20), EXCLUDED))
    assert told(result) == [(0, RUN), (15, EXCLUDED), (20, SMALL), (25, RUN)]


def test_s27_a_run_in_a_break_stays_excluded_where_the_policy_says_so() -> None:
    facts = facts_of(machine(), samples([(T0, "run")], total=[(T0, 0), (END, 120)]))
    calc = replace(CALC, break_run_counts=False)
    result = result_of(facts, planned(T0, END, (m(10), m(20), EXCLUDED)), (T0, END), calc)
    e = result.elements
    assert (e.excluded_us, e.total_count, sum(o.total_count for o in e.unscheduled)) == (10 * MIN_US, 110, 10)
    assert "parts_unscheduled" in result.flags


def test_s27_running_outside_any_shift_is_unscheduled_production() -> None:
    facts = facts_of(machine(), samples([(T0, "run")], total=[(T0, 0), (END, 120)]))
    result = result_of(facts, planned(m(30), m(90)), (T0, END))
    e = result.elements
    assert (e.not_scheduled_us, e.run_us) == (60 * MIN_US, 60 * MIN_US)
    assert (e.total_count, sum(o.total_count for o in e.unscheduled)) == (60, 60)


def test_s13_parts_in_unknown_time_are_kept_apart_and_in_stops_they_count() -> None:
    rows = [(T0, 0), (m(10), 10), (m(20), 20), (m(30), 30)]
    result = judged([(T0, "run"), (m(10), "stop"), (m(20), "gone")], total=rows)
    e = result.elements
    assert (e.total_count, e.stopped_count, sum(o.total_count for o in e.unknown)) == (20, 10, 10)
    assert {"parts_while_stopped", "parts_in_no_data"} <= set(result.flags)


def test_s9_quality_is_null_where_nothing_tells_rejects() -> None:
    facts = facts_of(machine(), samples([(T0, "run")], total=[(T0, 0), (END, 60)]))
    calc = replace(CALC, ideal_cycle_us=Fraction(MIN_US))
    for known, quality in ((True, 1), (False, None)):
        result = result_of(facts, planned(T0, END), (T0, END), replace(calc, quality_known=known))
        r = ratios(result.elements, quality_known=result.quality_known)
        assert (r.quality, r.piece_quality, r.performance) == (quality, quality, Fraction(1, 2))
        assert (r.oee is None) == (not known)


def test_section_2_unknown_ideal_cycle_leaves_availability_and_piece_quality() -> None:
    result = judged([(T0, "run"), (m(60), "stop")], total=[(T0, 0), (m(60), 60)])
    r = ratios(result.elements, ideal_known=result.ideal_known)
    assert (r.availability, r.piece_quality) == (Fraction(1, 2), 1)
    assert r.performance is r.quality is r.oee is r.teep is r.ooe is r.nee is None
    assert "ideal_cycle_missing" in result.flags


def test_section_2_every_indicator_of_a_worked_shift() -> None:
    """480 min: 60 off, 20 break, 10 no data, 30 setup, 40 down, 10 external, 15 small, 295 run; 250 parts of 1 min."""
    minutes = {"not_scheduled": 60, "excluded": 20, "no_data": 10, "planned_stop": 30, "unplanned_stop": 40}
    minutes |= {"external_stop": 10, "small_stop": 15, "run": 295}
    minute = Fraction(MIN_US)
    e = Elements(
        calendar_us=480 * MIN_US,
        **{f"{name}_us": n * MIN_US for name, n in minutes.items()},
        setup_us=30 * MIN_US,
        stop_count=4,
        closed_stop_count=3,
        closed_stop_us=36 * MIN_US,
        output=(ProductOutput("A", minute, 250, 240, 8, 2),),
        unscheduled=(ProductOutput("A", minute, 5, 5, 0),),
        unknown=(ProductOutput("A", minute, 2, 1, 1),),
    )
    r = ratios(e)
    assert (r.loading, r.availability, r.performance) == (Fraction(400, 480), Fraction(310, 390), Fraction(250, 310))
    assert (r.quality, r.oee, r.teep) == (Fraction(24, 25), Fraction(240, 390), Fraction(246, 480))
    assert (r.ooe, r.nee) == (Fraction(240, 410), Fraction(340, 390) * Fraction(250, 310) * Fraction(24, 25))
    assert (r.coverage, r.availability_min, r.availability_max) == (
        Fraction(390, 400),
        Fraction(310, 400),
        Fraction(320, 400),
    )
    assert (r.mttr_us, r.mtbf_us) == (12 * MIN_US, Fraction(310, 4) * MIN_US)
    assert (r.piece_quality, r.scrap_ratio, r.rework_ratio) == (Fraction(24, 25), Fraction(8, 250), Fraction(2, 250))
    named = {loss.name: loss.time_us for loss in losses(e)}
    assert named == {
        "breakdown": 40 * MIN_US,
        "setup_adjustment": 30 * MIN_US,
        "external": 10 * MIN_US,
        "small_stops": 15 * MIN_US,
        "reduced_speed": 45 * MIN_US,
        "production_rejects": 10 * MIN_US,
        "startup_rejects": 0,
    }
    assert e.known_us - sum(us for us in named.values() if us is not None) == 240 * MIN_US


def test_section_2_nothing_known_is_null_and_never_zero() -> None:
    r = ratios(Elements(calendar_us=100, no_data_us=100))
    assert r.availability is r.performance is r.quality is r.oee is r.mttr_us is r.mtbf_us is None
    assert (r.coverage, r.availability_min, r.availability_max, r.teep) == (0, 0, 1, 0)


def test_counter_decisions_raise_their_flags_in_their_window_alone() -> None:
    facts = facts_of(machine(), samples([(T0, "run")], total=[(T0, 9), (m(30), 1), (END, 2)]))
    settled = settled_of(facts, planned(T0, END))
    assert "counter_reset" in cut(settled, m(30), m(31), CALC).flags
    assert "counter_reset" not in cut(settled, T0, m(30), CALC).flags
    assert [d.kind for d in cut(settled, T0, END, CALC).decisions] == ["counter_reset"]


def test_external_time_is_its_own_loss() -> None:
    e = stop_of(600, "wait").elements
    assert (e.external_stop_us, e.unplanned_stop_us, e.stop_count) == (10 * MIN_US, 0, 0)


def test_s23_a_small_stop_of_the_machine_continues_a_standstill() -> None:
    """Four minutes, one that the machine calls small, two more: one stop of seven minutes; the one stays small."""
    rules = replace(machine(), state_map={"run": RUN, "stop": UNPLANNED, "short": SMALL})
    state = [(T0, "run"), (m(10), "stop"), (m(14), "short"), (m(15), "stop"), (m(17), "run")]
    result = result_of(facts_of(rules, samples(state, through=END)), planned(T0, END), (T0, END))
    assert [(s.start_us, s.end_us, s.length_us, s.in_window_us) for s in result.stops] == [
        (m(10), m(17), 7 * MIN_US, 7 * MIN_US)
    ]
    e = result.elements
    assert (e.unplanned_stop_us, e.small_stop_us, e.stop_count) == (6 * MIN_US, MIN_US, 1)


def test_s27_a_run_does_not_beat_planned_maintenance_that_policy_excludes() -> None:
    facts = facts_of(machine(), samples([(T0, "run")], through=END))
    work = [PlanPiece(T0, m(10), None), PlanPiece(m(10), m(20), EXCLUDED, "Service"), PlanPiece(m(20), END, None)]
    e = result_of(facts, work, (T0, END)).elements
    assert (e.excluded_us, e.run_us) == (10 * MIN_US, 110 * MIN_US)


def test_s13_outputs_are_one_sum_per_kind() -> None:
    facts = facts_of(machine(), samples([(T0, "run")], total=[(T0, 0), (END, 120)]))
    e = result_of(facts, planned(T0, m(90)), (T0, END)).elements
    assert [(o.total_count, o.good_count) for o in e.output] == [(90, 90)]
    assert [o.total_count for o in e.unscheduled] == [30]
    assert e.unknown == ()
