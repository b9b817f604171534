"""What other systems got wrong, each a test: the list at the end of the calculation rules (section 8)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from adapters.counters import every
from adapters.layout import said, shift_case
from adapters.products import mixed, pooled
from engine_fixture import EXCLUDED, MIN_US, facts_of, machine, planned, result_of, samples
from engine_fixture import at as at_us
from golden_case import HOUR_S, MIN_S, MONDAY, START_S, Answer, Case, answers, clock, plant_text, shift
from golden_case import machine as plant_machine

from oee.calendar import instances
from oee.config.plant import load_plant_text
from oee.kernels.ratios import ratios
from oee.model import US_PER_S
from oee.report.kpi import elements_item

EIGHT_HOURS = {"day": shift(START_S, START_S + 8 * HOUR_S)}


def _only(case: Case) -> Answer:
    (answer,) = answers(case)
    return answer


def test_a_stop_carried_over_a_shift_start_is_not_missed() -> None:
    """S-23: it began ten minutes before the shift; its half hour within counts, its length is the whole."""
    spans = [("run", HOUR_S), ("stop", 40 * MIN_S), ("run", HOUR_S)]
    rows = said("m", spans, {}, START_S - HOUR_S - 10 * MIN_S)
    shifts = {"early": shift(START_S - 2 * HOUR_S, START_S), "late": shift(START_S, START_S + 8 * HOUR_S)}
    before, after = answers(
        Case({"m": plant_machine()}, rows, [(START_S - HOUR_S, START_S), (START_S, START_S + HOUR_S)], shifts)
    )
    assert (before["unplanned_stop_s"], after["unplanned_stop_s"]) == (10 * MIN_S, 30 * MIN_S)
    assert (before["stop_count"], after["stop_count"]) == (1, 0)
    assert (before["closed_stop_s"], after["closed_stop_s"]) == (0, 40 * MIN_S)


@pytest.mark.parametrize("stopped_min", [1, 60])
def test_an_open_stop_is_not_ignored(stopped_min: int) -> None:
    """S-23: a stop without an end counts as long as it lasts, and is told as open; none is small before it is over."""
    start, stop = at_us("06:00"), at_us("07:00")
    now = stop + stopped_min * MIN_US
    facts = facts_of(machine(), samples([(start, "run"), (stop, "stop")], through=now))
    result = result_of(facts, planned(start, at_us("14:00")), (start, now), live=True)
    e = result.elements
    assert (e.unplanned_stop_us, e.small_stop_us) == (stopped_min * MIN_US, 0)
    assert (e.stop_count, e.closed_stop_count, result.stops[0].end_us) == (1, 0, None)
    assert ratios(e).availability == Fraction(60, 60 + stopped_min)
    assert "stop_open" in result.flags


def test_a_mixed_shift_has_each_products_ideal_cycle() -> None:
    """S-12: 400 parts at 5 s and 100 at 20 s are 4000 s, by whatever one cycle they are not."""
    a = _only(mixed([(3000, Fraction(5), 400, 400), (3000, Fraction(20), 100, 100)]))
    assert a["ideal_total_s"] == 4000
    assert a["performance"] == pytest.approx(4000 / 6000)


def test_percentages_of_machines_are_not_averaged() -> None:
    """S-41: 10 of 100 and 100 of 100 minutes are 55 %; with 50 min unknown of the first it is 110 of 150."""
    run = {name: [("run", n * MIN_S), ("stop", (100 - n) * MIN_S)] for name, n in (("a", 10), ("b", 100))}
    whole = _only(
        pooled({name: (plant_machine(), spans[: 1 if name == "b" else 2], {}) for name, spans in run.items()})
    )
    assert whole["availability"] == 0.55
    run["a"] = [("run", 10 * MIN_S), ("stop", 40 * MIN_S), ("unknown", 50 * MIN_S)]
    partly = _only(pooled({"a": (plant_machine(), run["a"], {}), "b": (plant_machine(), run["b"][:1], {})}))
    assert partly["availability"] == pytest.approx(110 / 150)


def test_a_partly_overlapping_break_is_not_dropped() -> None:
    """S-31: a window that begins in the midst of a break has the rest of it excluded."""
    pause = (clock("10:00"), clock("10:20"))
    case = shift_case([("stop", 8 * HOUR_S)], {})
    a = _only(
        replace(
            case,
            windows=[(clock("10:05"), clock("11:00"))],
            shifts={"day": shift(START_S, START_S + 8 * HOUR_S, pause)},
        )
    )
    assert (a["excluded_s"], a["planned_busy_s"]) == (15 * MIN_S, 40 * MIN_S)


def test_a_break_that_a_moved_shift_cuts_keeps_the_rest() -> None:
    """S-31, S-33: moved to begin at 10:10, a shift keeps ten minutes of its break from 10:00 to 10:20."""
    pause = (clock("10:00"), clock("10:20"))
    case = replace(shift_case([("run", HOUR_S)], {}), shifts={"day": shift(START_S, START_S + 8 * HOUR_S, pause)})
    plant_file = json.loads(plant_text({"line": case}, {"line": MONDAY}, "UTC"))
    moved = {"date": MONDAY.isoformat(), "shift": "day", "start": "10:10", "end": "18:10"}
    plant_file["calendars"]["line"]["exceptions"] = [moved]
    plant = load_plant_text(json.dumps(plant_file), "case")
    (found,) = (
        s
        for s in instances("line", plant.calendars["line"], plant.plant, MONDAY, MONDAY + timedelta(days=0))
        if s.planned
    )
    assert [(b - a) // US_PER_S for a, b, _ in found.breaks] == [10 * MIN_S]


@pytest.mark.parametrize("nothing", ["planned", "known", "made"])
def test_nothing_over_nothing_is_neither_0_nor_100_percent(nothing: str) -> None:
    """Section 2: a zero denominator gives null."""
    word = {"planned": "run", "known": "unknown", "made": "run"}[nothing]
    case = shift_case([(word, HOUR_S)], {"total": 0}, ideal_s=1)
    a = _only(replace(case, week={"mon": []}) if nothing == "planned" else case)
    known = nothing == "made"
    assert (a["availability"], a["performance"], a["oee"]) == ((1, 0, 0) if known else (None, None, None))
    assert (a["quality"], a["piece_quality"], a["mttr_s"], a["mtbf_s"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("limits", "made", "flag"),
    [
        ({"glitch_tolerance": 5}, 1, "counter_glitch"),  # 500 → 501, the mark held
        ({"max_rate_per_s": 2}, 2, "device_replaced"),  # 499 is not within reach of a restart: 499 → 501 alone
    ],
)
def test_a_glitch_of_minus_1_is_no_full_count(limits: dict[str, int], made: int, flag: str) -> None:
    """S-3, S-5: 500, 499, 501 never adds 499."""
    a = _only(every(10, [500, 499, 501], **limits))
    assert (a["total_count"], flag in a["flags"]) == (made, True)


def test_the_live_view_is_what_the_report_says_later() -> None:
    """S-35, S-50: the window until now, told as it ends and long after, has the same elements."""
    start, now, end = at_us("06:00"), at_us("09:00"), at_us("14:00")
    rules = machine(ideal_s=2)
    states = [(start, "run"), (at_us("07:00"), "stop"), (at_us("07:20"), "run"), (at_us("08:00"), "run")]
    counts = [(start, 0), (at_us("08:00"), 1200), (now, 2400)]
    calendar = planned(
        start, end, (at_us("07:10"), at_us("07:30"), EXCLUDED), (at_us("10:00"), at_us("10:20"), EXCLUDED)
    )
    live = result_of(facts_of(rules, samples(states, total=counts)), calendar, (start, now), live=True)
    later = samples([*states, (at_us("09:30"), "stop")], total=[*counts, (end, 9999)])
    told = result_of(facts_of(rules, later), calendar, (start, now))
    assert elements_item(live.elements) == elements_item(told.elements)
    assert live.elements.excluded_us == 10 * MIN_US  # run beats a break (S-27), and the next one is still to come


def test_live_availability_takes_elapsed_time_only() -> None:
    """S-35: three of four elapsed hours are 75 %, whatever the shift has planned; then it stands to the end: 37.5 %."""
    start, stop, now, end = (at_us(f"{h:02}:00") for h in (6, 9, 10, 14))
    shift_, states = planned(start, end), [(start, "run"), (stop, "stop")]
    live = result_of(facts_of(machine(), samples(states, through=now)), shift_, (start, now), live=True)
    assert ratios(live.elements).availability == Fraction(3, 4)
    assert "stop_open" in live.flags
    final = result_of(facts_of(machine(), samples(states, through=end)), shift_, (start, end))
    assert ratios(final.elements).availability == Fraction(3, 8)


def test_performance_is_not_clamped_before_pooling() -> None:
    """S-41: 150 % and 50 % of two parallel machines are 100 %, and nothing is cut to 100 % on the way."""
    machines = {
        name: (plant_machine("total", ideal_s=2), [("run", HOUR_S)], {"total": count})
        for name, count in (("fast", 2700), ("slow", 900))
    }
    assert _only(pooled(machines))["performance"] == 1.0
    assert _only(shift_case([("run", HOUR_S)], {"total": 2700}, ideal_s=2))["performance"] == 1.5


def test_no_signal_is_no_idle_time() -> None:
    """S-26: what is silent for longer than max_age is unknown, not stopped, and leaves the denominator."""
    rows = [(START_S, "m", "state", "run"), (START_S + HOUR_S, "m", "state", "run")]
    case = Case({"m": plant_machine(max_age_s=60)}, rows, [(START_S, START_S + 2 * HOUR_S)], EIGHT_HOURS)
    a = _only(case)
    assert [word for *_, word in a.segments] == ["run", "no_data"]
    assert (a["no_data_s"], a["unplanned_stop_s"], a["availability"]) == (HOUR_S - 60, 0, 1)
    assert "coverage_low" in a["flags"]


def _sliced(length_s: int, at: Sequence[int]) -> list[Answer]:
    """A stop in the midst of a shift, asked for in windows that cut it."""
    rows = said("m", [("run", HOUR_S), ("stop", length_s), ("run", HOUR_S)], {})
    down = START_S + HOUR_S
    edges = [START_S, *(down + s for s in at), down + length_s + HOUR_S]
    built = plant_machine(min_s=10, small_s=300)
    return answers(Case({"m": built}, rows, list(itertools.pairwise(edges)), EIGHT_HOURS))


def test_a_stop_sliced_by_the_window_is_not_judged_as_small() -> None:
    """S-22, S-23: 301 s cut in three are three pieces of one stop; 300 s are small in each piece."""
    stops = _sliced(301, (100, 200))
    assert [a["unplanned_stop_s"] for a in stops] == [100, 100, 101]
    assert sum(a["small_stop_s"] for a in stops) == 0
    small = _sliced(300, (100, 200))
    assert [a["small_stop_s"] for a in small] == [100, 100, 100]
    assert [a["availability"] for a in small] == [1, 1, 1]
