"""People's entries about stops: who wins, how far a word holds, splits and merges (S-22 … S-25)."""

from __future__ import annotations

import pytest
from engine_fixture import (
    CALC,
    EXCLUDED,
    EXTERNAL,
    MIN_US,
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
    samples,
    told_until,
)

from oee.calculate import Settled, cut, cut_by, decided_until, settle
from oee.kernels.people import Entered, MergeSaid, NoteSaid, Reason, ReasonSaid, SplitSaid, StopEntry
from oee.kernels.states import extend
from oee.model import Category, WindowResult

T0 = at("06:00")
END = T0 + 120 * MIN_US
MECH, CLEAN = Reason("MECH", UNPLANNED), Reason("CLEAN", PLANNED)
SETUP, SUPPLY, MINOR = Reason("SETUP", PLANNED, setup=True), Reason("SUPPLY", EXTERNAL), Reason("MINOR", SMALL)


def m(minutes: float) -> int:
    return T0 + round(minutes * MIN_US)


def why(a: float, b: float, reason: Reason | None, author: str = "eva") -> ReasonSaid:
    return ReasonSaid(m(a), m(b), reason, author)


def merged(a: float, b: float, reason: Reason | None = None) -> MergeSaid:
    return MergeSaid(m(a), m(b), reason, "eva")


def settled(
    state: Texts, *said: StopEntry, marks: tuple[tuple[int, int, Category], ...] = (), product: Texts | None = None
) -> Settled:
    facts = facts_of(machine(), samples(state, through=END, product=product))
    pieces = extend(facts.pieces, facts.through_us, facts.hold_until_us, END)
    plan = told_until(planned(T0, END, *marks), END)
    return settle(pieces, facts.cells, facts.decisions, plan, CALC, facts.runs, Entered(said))


def judged(state: Texts, *said: StopEntry, marks: tuple[tuple[int, int, Category], ...] = ()) -> WindowResult:
    return cut(settled(state, *said, marks=marks), T0, END, CALC)


def told(result: WindowResult) -> list[tuple[float, Category, str | None]]:
    return [((s.start_us - T0) / MIN_US, s.category, s.reason) for s in result.segments]


def listed(made: Settled) -> list[tuple[float, float | None, float]]:
    """Stops: start, end and length [min]."""
    return [
        ((s.start_us - T0) / MIN_US, None if s.end_us is None else (s.end_us - T0) / MIN_US, s.length_us / MIN_US)
        for s in made.stops
    ]


def down(*spans: tuple[float, float], word: str = "stop") -> Texts:
    """A machine that runs, but for some spans [min]."""
    return [(T0, "run"), *((m(t), w) for a, b in spans for t, w in ((a, word), (b, "run")))]


ONE = down((10, 30))
TWO = down((10, 30), (40, 50))


@pytest.mark.parametrize("reason", [MECH, CLEAN, SUPPLY, MINOR])
def test_s24_a_reason_makes_of_all_the_stop_what_it_is_and_of_run_nothing(reason: Reason) -> None:
    result = judged(ONE, why(12, 13, reason))
    assert told(result) == [(0, RUN, None), (10, reason.category, reason.code), (30, RUN, None)]
    assert (result.elements.run_us, result.elements.stop_count) == (100 * MIN_US, int(reason is MECH))
    assert [(s.category, s.reason, s.length_us) for s in result.stops] == [(reason.category, reason.code, 20 * MIN_US)]
    assert "corrected" in result.flags


def test_s24_setup_comes_from_the_reason() -> None:
    assert judged(ONE, why(10, 30, SETUP)).elements.setup_us == 20 * MIN_US
    assert judged(ONE, why(10, 30, SETUP), why(10, 30, CLEAN)).elements.setup_us == 0


def test_s24_a_person_never_overrides_what_is_excluded_or_not_scheduled() -> None:
    marks = ((m(15), m(20), EXCLUDED), (m(30), m(40), OFF))
    result = judged(down((10, 50)), why(10, 50, CLEAN), marks=marks)
    assert [(a, c) for a, c, _ in told(result)] == [
        (0, RUN),
        (10, PLANNED),
        (15, EXCLUDED),
        (20, PLANNED),
        (30, OFF),
        (40, PLANNED),
        (50, RUN),
    ]


def test_s24_a_person_goes_before_planned_maintenance_of_the_calendar_and_before_a_changeover() -> None:
    maintenance = judged(ONE, why(10, 30, MECH), marks=((m(12), m(20), PLANNED),))
    assert maintenance.elements.unplanned_stop_us == 20 * MIN_US
    made = settled(ONE, why(10, 30, MECH), product=[(T0, "A"), (m(20), "B")])
    assert cut(made, T0, END, CALC).elements.unplanned_stop_us == 20 * MIN_US
    rows = dict(cut_by(made, T0, END, CALC, "product"))
    assert rows["B"].elements.unplanned_stop_us == 20 * MIN_US, "its time is still the incoming product's (S-25)"
    assert ("corrected" in rows["A"].flags, "corrected" in rows["B"].flags) == (False, True)


def test_s24_the_latest_word_wins_and_none_lets_the_machine_speak_again() -> None:
    untouched = judged(ONE)
    assert judged(ONE, why(10, 30, MECH), why(10, 30, CLEAN)) == judged(ONE, why(10, 30, CLEAN))
    assert judged(ONE, why(10, 30, MECH), why(10, 30, None)) == untouched
    assert "corrected" not in untouched.flags
    assert judged(ONE, why(60, 70, MECH)) == untouched, "there is no stop"


@pytest.mark.parametrize("edges", [(8, 30), (11, 30), (10, 28), (10, 33), (5, 40)])
def test_s25_a_reason_holds_for_the_whole_stop_as_it_is_known_later(edges: tuple[float, float]) -> None:
    result = judged(down(edges), why(10, 30, CLEAN))
    assert result.elements.planned_stop_us == (edges[1] - edges[0]) * MIN_US


def test_s25_a_reason_for_an_open_stop_holds_to_the_end_of_the_standstill() -> None:
    open_ = [(T0, "run"), (m(10), "stop")]
    assert judged(open_, why(10, 11, CLEAN)).elements.planned_stop_us == 110 * MIN_US
    closed = judged([*open_, (m(90), "run"), (m(100), "stop")], why(10, 11, CLEAN)).elements
    assert (closed.planned_stop_us, closed.unplanned_stop_us) == (80 * MIN_US, 20 * MIN_US)


@pytest.mark.parametrize(("reason", "category"), [(MECH, SMALL), (SUPPLY, SMALL), (CLEAN, PLANNED)])
def test_s23_only_a_planned_reason_lifts_a_small_stop(reason: Reason, category: Category) -> None:
    result = judged(down((10, 14)), why(10, 14, reason))
    assert told(result)[1] == (10, category, reason.code)
    assert (result.stops, result.elements.stop_count) == ((), 0)


def test_s24_a_slow_cycle_has_no_stopped_time_to_speak_of() -> None:
    quick = [(T0, "run"), (m(10), "stop"), (m(10) + 9 * S_US, "run")]
    assert judged(quick, why(10, 11, CLEAN)) == judged(quick)


def test_s22_a_planned_reason_does_not_change_how_its_standstill_is_judged() -> None:
    still = [(T0, "run"), (m(10), "stop"), (m(13), "setup"), (m(14), "run")]
    assert judged(still).elements.small_stop_us == 3 * MIN_US
    assert judged(still, why(10, 14, MECH)).elements.small_stop_us == 4 * MIN_US
    assert decided_until(settled(down((118, 121)), why(118, 119, CLEAN)), CALC.small_stop_max_us) == m(118)


def test_s24_split_makes_two_stops_each_with_its_own_reason() -> None:
    made = settled(ONE, SplitSaid(m(22)), why(22, 30, CLEAN))
    assert listed(made) == [(10, 22, 12), (22, 30, 8)]
    e = cut(made, T0, END, CALC).elements
    assert (e.unplanned_stop_us, e.planned_stop_us) == (12 * MIN_US, 8 * MIN_US)
    assert (e.stop_count, e.closed_stop_count, e.closed_stop_us) == (1, 1, 12 * MIN_US)
    both = cut(settled(ONE, SplitSaid(m(22))), T0, END, CALC)
    assert (both.elements.stop_count, both.elements.closed_stop_us) == (2, 20 * MIN_US)
    assert "corrected" in both.flags
    assert cut(made, m(25), END, CALC).elements.stop_count == 0


def test_s22_a_short_part_of_a_split_stop_is_no_small_stop() -> None:
    made = settled(ONE, SplitSaid(m(12)))
    assert listed(made) == [(10, 12, 2), (12, 30, 18)]
    assert cut(made, T0, END, CALC).elements.unplanned_stop_us == 20 * MIN_US
    open_ = settled([(T0, "run"), (m(10), "stop")], SplitSaid(m(119)))
    assert listed(open_) == [(10, 119, 109), (119, None, 1)]
    assert decided_until(open_, CALC.small_stop_max_us) == END


def test_s24_a_split_in_a_break_ends_one_stop_before_it_and_starts_the_other_after_it() -> None:
    marks = ((m(15), m(20), EXCLUDED),)
    assert listed(settled(ONE, SplitSaid(m(17)), marks=marks)) == [(10, 15, 5), (20, 30, 10)]


@pytest.mark.parametrize("instant", [10, 30, 35, 5])
def test_s24_a_split_outside_of_a_stop_changes_nothing(instant: int) -> None:
    assert judged(ONE, SplitSaid(m(instant))) == judged(ONE)


def test_s24_merged_stops_are_one_and_what_ran_between_ran() -> None:
    made = settled(TWO, merged(10, 50))
    assert listed(made) == [(10, 50, 30)]
    e = cut(made, T0, END, CALC).elements
    assert (e.stop_count, e.closed_stop_count, e.closed_stop_us) == (1, 1, 30 * MIN_US)
    assert (e.run_us, e.unplanned_stop_us) == (90 * MIN_US, 30 * MIN_US)
    first, second = cut(made, T0, m(35), CALC), cut(made, m(35), END, CALC)
    assert (first.elements.stop_count, first.elements.closed_stop_count) == (1, 0)
    assert (second.elements.stop_count, second.elements.closed_stop_us) == (0, 30 * MIN_US)
    assert (first.stops[0].end_us, first.stops[0].length_us) == (None, 20 * MIN_US)
    assert first.elements + second.elements == e


def test_s24_a_merged_stop_goes_by_the_reason_given_or_by_the_longest() -> None:
    own = (why(10, 30, CLEAN), why(40, 50, MECH))
    result = judged(TWO, *own, merged(10, 50))
    assert (result.stops[0].category, result.stops[0].reason) == (PLANNED, "CLEAN")
    assert result.elements.unplanned_stop_us == 10 * MIN_US
    assert judged(TWO, *own, merged(10, 50, SUPPLY)).elements.external_stop_us == 30 * MIN_US
    after = judged(TWO, *own, merged(10, 50), why(10, 50, SUPPLY))
    assert after.elements.external_stop_us == 30 * MIN_US


def test_s24_what_was_split_can_be_merged_and_what_was_merged_can_be_split() -> None:
    assert listed(settled(ONE, SplitSaid(m(20)), merged(10, 30))) == [(10, 30, 20)]
    assert listed(settled(TWO, merged(10, 50), SplitSaid(m(35)))) == [(10, 30, 20), (40, 50, 10)]
    assert listed(settled(TWO, merged(10, 50), SplitSaid(m(45)))) == [(10, 45, 25), (45, 50, 5)]
    three = down((10, 30), (40, 50), (60, 70))
    assert listed(settled(three, merged(10, 50), merged(40, 70))) == [(10, 70, 40)]


def test_s24_a_small_stop_between_merged_ones_is_part_of_the_one_and_stays_small() -> None:
    made = settled(down((10, 30), (33, 36), (40, 50)), merged(10, 50))
    assert listed(made) == [(10, 50, 33)]
    assert cut(made, T0, END, CALC).elements.small_stop_us == 3 * MIN_US


def test_s24_notes_and_authors_stand_beside_the_figures() -> None:
    made = settled(TWO, why(10, 30, MECH), NoteSaid(m(10), m(30), "belt"), NoteSaid(m(40), m(50), "again"))
    first = made.stops[0].spoken
    assert first is not None
    assert (first.note, first.reasons) == ("belt", (("MECH", "eva"),))
    whole = settled(TWO, NoteSaid(m(10), m(30), "belt"), NoteSaid(m(40), m(50), "again"), merged(10, 50)).stops[0]
    assert whole.spoken is not None
    assert whole.spoken.note == "belt; again"
    assert judged(TWO, NoteSaid(m(10), m(30), "belt")) == judged(TWO)
