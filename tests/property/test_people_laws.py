"""Whatever people say of stops, time stays whole: laws over random machines and random entries (S-24, S-41)."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add

from engine_fixture import S_US, facts_of, told_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenarios import Scenario, calculation_of, plan_of, rules_of, samples_of, scenarios, us

from oee.calculate import CalculationRules, Settled, cut, cut_by, settle
from oee.kernels.people import Entered, MergeSaid, NoteSaid, Reason, ReasonSaid, SplitSaid, StopEntry
from oee.kernels.states import extend
from oee.model import Category, Elements

MANY = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
REASONS = (
    None,
    Reason("MECH", Category.UNPLANNED_STOP),
    Reason("CLEAN", Category.PLANNED_STOP),
    Reason("SETUP", Category.PLANNED_STOP, setup=True),
    Reason("SUPPLY", Category.EXTERNAL_STOP),
    Reason("MINOR", Category.SMALL_STOP),
)


@st.composite
def entries(draw: st.DrawFn, length: int) -> list[StopEntry]:
    """Entries on whole seconds and on odd microseconds, most of them where something stands."""
    said: list[StopEntry] = []
    for _ in range(draw(st.integers(1, 6))):
        a, b = sorted((draw(st.integers(0, length - 1)), draw(st.integers(1, length))))
        start, end = us(a), us(max(b, a + 1)) + draw(st.sampled_from([0, 0, 1]))
        reason = draw(st.sampled_from(REASONS))
        made: StopEntry = draw(
            st.sampled_from(
                [
                    ReasonSaid(start, end, reason, "eva"),
                    SplitSaid(end),
                    SplitSaid(start + S_US // 3),
                    MergeSaid(start, end, reason, "eva"),
                    NoteSaid(start, end, "so"),
                ]
            )
        )
        said.append(made)
    return said


def settled(s: Scenario, said: list[StopEntry]) -> tuple[Settled, CalculationRules]:
    calc, facts = calculation_of(s), facts_of(rules_of(s), samples_of(s))
    pieces = extend(facts.pieces, facts.through_us, facts.hold_until_us, facts.through_us)
    plan = told_until(plan_of(s), facts.through_us)
    return settle(pieces, facts.cells, facts.decisions, plan, calc, facts.runs, Entered(tuple(said))), calc


def stood_us(e: Elements) -> int:
    return e.planned_stop_us + e.unplanned_stop_us + e.external_stop_us + e.small_stop_us


@MANY
@given(scenarios(), st.data())
def test_s24_people_move_stopped_time_only_and_windows_sum(s: Scenario, data: st.DataObject) -> None:
    said = data.draw(entries(s.length))
    (made, calc), (before, _) = settled(s, said), settled(s, [])
    cuts = sorted({us(0), us(s.length), *(us(data.draw(st.integers(0, s.length))) + 7 for _ in range(3))})
    windows = [cut(made, a, b, calc) for a, b in pairwise(c for c in cuts if c <= us(s.length))]
    e, untouched = cut(made, us(0), us(s.length), calc).elements, cut(before, us(0), us(s.length), calc).elements
    assert reduce(add, (w.elements for w in windows)) == e
    assert (e.run_us, e.excluded_us, e.not_scheduled_us, e.no_data_us) == (
        untouched.run_us,
        untouched.excluded_us,
        untouched.not_scheduled_us,
        untouched.no_data_us,
    )
    assert (stood_us(e), e.calendar_us) == (stood_us(untouched), s.length * S_US)
    assert (e.total_count, e.unscheduled) == (untouched.total_count, untouched.unscheduled)
    for w in windows:
        assert sum(seg.end_us - seg.start_us for seg in w.segments) == w.end_us - w.start_us == w.elements.calendar_us
        assert all(0 < stop.in_window_us <= stop.length_us for stop in w.stops)
    if "corrected" not in cut(made, us(0), us(s.length), calc).flags:
        assert e == untouched


@MANY
@given(scenarios(), st.data())
def test_s24_stops_stay_apart_and_products_sum_to_the_whole(s: Scenario, data: st.DataObject) -> None:
    made, calc = settled(s, data.draw(entries(s.length)))
    for a, b in pairwise(made.stops):
        assert a.end_us is not None
        assert a.start_us < a.end_us <= b.start_us
    assert all(stop.length_us > 0 for stop in made.stops)
    whole = cut(made, us(0), us(s.length), calc).elements
    rows = [row.elements for _, row in cut_by(made, us(0), us(s.length), calc, "product")]
    assert reduce(add, rows) == whole
