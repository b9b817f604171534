"""Laws that hold for every plant, calendar, zone, set of samples and corrections; each is named after its rule.

Corrections are people's entries on stops (S-24, S-25), bookings (S-10) and ideal cycles that change (S-12).

A seed that fails is looked at by ``make oracle ARGS="--small --seed N"``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import numpy as np
from case_calendars import NIGHTS, calendar_of
from cases import random_case
from engine_answers import ShiftsOverlapError, facts_of, rules_of, samples_of, settled_of, shifts_of
from engine_fixture import samples_from
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from reference.case import Case
from test_engine_laws import _check_ratios, _from

from oee.calculate import Settled, cut, cut_by
from oee.calendar import instances
from oee.compute.rules import machine_rules
from oee.config.model import PlantInfo
from oee.interpret import Checkpoint, MachineSamples, interpret
from oee.kernels.products import KEYS, ProductKey
from oee.model import SCALAR_ELEMENTS, Category, Elements, ProductOutput, ShiftInstance

LAWS = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SEEDS = st.integers(0, 2**32)
MINUTE_US = 60_000_000


def settled(case: Case, *edges_us: int) -> Settled:
    """The case through the engine, counted at the edges asked for."""
    try:
        shifts = shifts_of(case)
    except ShiftsOverlapError:
        reject()
    return settled_of(case, facts_of(case, edges_us), shifts)


def edges_of(case: Case, seed: int, count: int) -> list[int]:
    """Instants of the case: odd microseconds, minutes, moments of the samples."""
    r = Random(seed)
    moments = [t for rows in (*case.words.values(), *case.readings.values()) for t, _ in rows]
    drawn = [r.randrange(case.first_us - MINUTE_US, case.now_us + 1) for _ in range(count)]
    return sorted(r.choice([t, t // MINUTE_US * MINUTE_US, r.choice(moments)]) for t in drawn)


@LAWS
@given(SEEDS)
def test_s1_every_microsecond_has_one_category_and_s53_segments_sum_to_the_elements(seed: int) -> None:
    case = random_case(Random(seed))
    a, b = edges_of(case, seed, 2)
    assume(a < b)
    made, rules = settled(case, a, b), rules_of(case, case.first_us)
    result = cut(made, a, b, rules)
    e = result.elements
    assert e.calendar_us == b - a
    assert (result.segments[0].start_us, result.segments[-1].end_us) == (a, b)
    assert all(x.end_us == y.start_us for x, y in pairwise(result.segments))
    for category in {s.category for s in result.segments}:
        told = sum(s.end_us - s.start_us for s in result.segments if s.category is category)
        assert told == getattr(e, f"{category.word}_us")
    assert sum(s.counted for s in result.stops) == e.stop_count
    cells = [c for c in made.cells if a <= c.start_us < b]
    assert sum(c.total_count for c in cells) == sum(o.total_count for o in e.output + e.unscheduled + e.unknown)


@LAWS
@given(SEEDS)
def test_s41_windows_split_anywhere_sum_to_the_whole(seed: int) -> None:
    case = random_case(Random(seed))
    edges = edges_of(case, seed, 4)
    made, rules = settled(case, *edges), rules_of(case, case.first_us)
    parts = [cut(made, a, b, rules) for a, b in pairwise(edges)]
    whole = cut(made, edges[0], edges[-1], rules)
    assert sum((p.elements for p in parts), Elements()) == whole.elements
    assert [d for p in parts for d in p.decisions] == list(whole.decisions)
    told = [s.start_us for p in parts for s in p.stops if s.counted]
    assert told == [s.start_us for s in whole.stops if s.counted]


@LAWS
@given(SEEDS, st.sampled_from(KEYS))
def test_s41_rows_of_products_and_orders_sum_to_the_window(seed: int, key: ProductKey) -> None:
    case = random_case(Random(seed))
    a, b = edges_of(case, seed, 2)
    made, rules = settled(case, a, b), rules_of(case, case.first_us)
    rows = cut_by(made, a, b, rules, key)
    whole = cut(made, a, b, rules)
    assert sum((row.elements for _, row in rows), Elements()) == whole.elements
    assert sorted(s.start_us for _, row in rows for s in row.stops) == [s.start_us for s in whole.stops]
    assert sorted(d.at_us for _, row in rows for d in row.decisions) == [d.at_us for d in whole.decisions]


@LAWS
@given(SEEDS)
def test_section_2_apq_is_oee_and_the_losses_close_the_waterfall(seed: int) -> None:
    """Exact fractions; speed above the ideal is a negative loss, so that P > 1 closes as well."""
    case = random_case(Random(seed))
    a, b = edges_of(case, seed, 2)
    result = cut(settled(case, a, b), a, b, rules_of(case, case.first_us))
    if result.quality_known:
        _check_ratios(result.elements, ideal_known=result.ideal_known)


@LAWS
@given(SEEDS)
def test_s24_nothing_is_negative(seed: int) -> None:
    """Every counter alone; what two say of a third is `test_counter_thirds.py`."""
    case = random_case(Random(seed))
    assume("total" not in case.machine.signals or len(set(case.machine.signals) & {"good", "reject", "rework"}) == 0)
    edges = edges_of(case, seed, 6)
    made, rules = settled(case, *edges), rules_of(case, case.first_us)
    for a, b in pairwise(edges):
        e = cut(made, a, b, rules).elements
        assert all(getattr(e, name) >= 0 for name in SCALAR_ELEMENTS)
        assert all(is_whole(o) for o in e.output + e.unscheduled + e.unknown)


def is_whole(o: ProductOutput) -> bool:
    """S-9: total = good + reject + rework, none below 0."""
    parts = (o.good_count, o.reject_count, o.rework_count)
    return min(parts) >= 0 and o.total_count == sum(parts)


@LAWS
@given(SEEDS)
def test_s42_where_facts_are_cut_changes_nothing(seed: int) -> None:
    """Counted at other edges, any window that both know says the same."""
    case = random_case(Random(seed))
    a, b, *more = edges_of(case, seed, 8)
    rules = rules_of(case, case.first_us)
    assert cut(settled(case, a, b), a, b, rules) == cut(settled(case, a, b, *more), a, b, rules)


@LAWS
@given(SEEDS)
def test_s42_a_run_taken_up_anywhere_says_what_one_from_the_beginning_says(seed: int) -> None:
    case = random_case(Random(seed))
    rules, heard, full = machine_rules(case.plant, case.machine), samples_of(case), facts_of(case)
    for checkpoint in full.checkpoints:
        again = interpret(rules, taken_from(heard, checkpoint), checkpoint, checkpoint.at_us)
        assert _from(again, checkpoint.at_us) == _from(full, checkpoint.at_us)


def taken_from(heard: MachineSamples, checkpoint: Checkpoint) -> MachineSamples:
    """As the database hands them over: the life of counters' own sources is clipped too."""
    life = {}
    for signal, (starts, ends) in heard.counter_alive.items():
        keep = ends >= checkpoint.at_us
        life[signal] = (np.maximum(starts[keep], checkpoint.at_us), ends[keep])
    return replace(samples_from(heard, checkpoint), counter_alive=life)


@LAWS
@given(SEEDS)
def test_s50_what_was_settled_by_a_window_s_end_stays_when_time_goes_on(seed: int) -> None:
    """Live at close equals revision 1: time alone, without a word more, changes no decided window."""
    case = random_case(Random(seed))
    assume(case.machine.max_age_us is not None)
    a, b = edges_of(case, seed, 2)
    later = replace(case, now_us=case.now_us + 3 * 3_600_000_000)
    rules = rules_of(case, case.first_us)
    now, then = (cut(settled(c, a, b), a, b, rules) for c in (case, later))
    # whether a stop before a break ended there is known only when something is heard after the break
    waits = now.segments[-1].category is Category.EXCLUDED and any(s.end_us is None for s in now.stops)
    if "stop_open" not in now.flags and not waits:
        assert then == now


@LAWS
@given(SEEDS, st.sampled_from(NIGHTS))
def test_s34_instances_tile_and_s31_breaks_keep_their_length(seed: int, night: tuple[str, object]) -> None:
    """Also on nights on which clocks change: only the end of its shift cuts a break."""
    r = Random(seed)
    zone, day = NIGHTS[NIGHTS.index(night)]
    calendar = calendar_of(r, day)
    plant = PlantInfo("p", "Plant", zone, r.choice([0, 360]))
    try:
        found = instances("line", calendar, plant, day - timedelta(days=2), day + timedelta(days=2))
    except ValueError:
        reject()
    assert all(a.end_us == b.start_us and a.start_us < a.end_us for a, b in pairwise(found))
    for shift in found:
        assert not shift.breaks or shift.planned
        changed = [e for e in calendar.exceptions if e.breaks is not None and e.shift == shift.name]
        nominal = {
            (b.name, (b.end_min - b.start_min) % 1440)
            for b in (*calendar.shifts.get(shift.name, EMPTY).breaks, *(b for e in changed for b in e.breaks or ()))
        }
        for a, b, name in shift.breaks:
            whole = (name, (b - a) // MINUTE_US) in nominal
            assert shift.start_us <= a < b <= shift.end_us
            assert whole or a == shift.start_us or b == shift.end_us


EMPTY = ShiftInstance("line", "", "", 0, 0)
