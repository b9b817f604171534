"""Section 2: rejects within ``startup_s`` after a planned stop are start-up rejects; nulls; wide arithmetic."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from engine_fixture import (
    CALC,
    DAY_US,
    EXCLUDED,
    HOUR_US,
    MIN_US,
    S_US,
    at,
    counter,
    facts_of,
    machine,
    planned,
    samples,
    settled_of,
)

from oee.calculate import cut
from oee.kernels.ratios import ideal_good_us, losses, ratios
from oee.model import Elements, ProductOutput, WindowResult
from oee.store.documents import elements_document, elements_of

START, END = at("06:00"), at("08:00")
RULES = replace(CALC, startup_us=10 * MIN_US, ideal_cycle_us=Fraction(6 * S_US))


WHOLE = ("06:00", "08:00")


def window(*state: tuple[str, str], cuts: tuple[str, ...] = (), of: tuple[str, str] = WHOLE) -> WindowResult:
    """Ten parts a minute, one of them a reject, all along, whatever the state says."""
    rules = machine(ideal_s=6, counters={"total": counter(), "reject": counter()})
    minutes = range(121)
    facts = facts_of(
        rules,
        samples(
            [(at(t), word) for t, word in state],
            total=[(START + m * MIN_US, 10 * m) for m in minutes],
            reject=[(START + m * MIN_US, m) for m in minutes],
        ),
        tuple(at(c) for c in cuts),
    )
    breaks = (at("07:10"), at("07:20"), EXCLUDED)
    return cut(settled_of(facts, planned(START, END, breaks), RULES), at(of[0]), at(of[1]), RULES)


def startup(*state: tuple[str, str]) -> int:
    return window(*state).elements.startup_count


def test_section_2_a_startup_begins_where_the_machine_runs_again_after_a_planned_stop() -> None:
    assert startup(("06:00", "run"), ("06:20", "setup"), ("06:40", "run")) == 10
    assert startup(("06:00", "run"), ("06:20", "setup"), ("06:30", "stop"), ("06:40", "run")) == 10
    assert startup(("06:00", "run"), ("06:20", "stop"), ("06:40", "run")) == 0
    assert startup(("06:00", "run")) == 0


def test_section_2_a_break_is_no_planned_stop_and_one_behind_it_is_waited_for() -> None:
    assert startup(("06:00", "run"), ("07:05", "stop"), ("07:25", "run")) == 0
    assert startup(("06:00", "run"), ("07:05", "setup"), ("07:25", "run")) == 10


def test_section_2_startups_that_overlap_count_their_rejects_once() -> None:
    """From 06:10 to 06:28; what is counted while it is set up again is of starting up, too."""
    assert startup(("06:00", "setup"), ("06:10", "run"), ("06:12", "setup"), ("06:18", "run")) == 18


def test_section_2_windows_of_startup_rejects_sum_and_the_waterfall_closes() -> None:
    story = (("06:00", "run"), ("06:20", "setup"), ("06:40", "run"))
    whole = window(*story)
    edges = ("06:00", "06:41", "06:45:30", "06:55", "08:00")
    parts = [window(*story, cuts=("06:45:30",), of=w) for w in pairwise(edges)]
    assert [p.elements.startup_count for p in parts] == [1, 4, 5, 0]
    assert sum((p.elements for p in parts), Elements()) == whole.elements
    named = {loss.name: loss for loss in losses(whole.elements)}
    rejects = whole.elements.reject_count
    assert (named["startup_rejects"].time_us, named["startup_rejects"].parts_count) == (60 * S_US, 10)
    assert named["production_rejects"].time_us == (rejects - 10) * 6 * S_US
    e = whole.elements
    assert e.known_us - sum(loss.time_us or 0 for loss in named.values()) == ideal_good_us(e.output)


@pytest.mark.parametrize("startup_count", [0, 3])
def test_documents_of_before_stay_readable_and_read_alike(startup_count: int) -> None:
    e = Elements(calendar_us=DAY_US, output=(ProductOutput("A", Fraction(9), 10, 5, 4, 1, startup_count),))
    document = elements_document(e)
    assert elements_of(document) == e
    assert len(document["output"][0]) == (7 if startup_count else 6)


def test_section_2_products_of_counts_and_cycles_do_not_overflow() -> None:
    """2³² parts at an hour each, and at 28,000 parts an hour: exact, far beyond 64 bits."""
    slow, fast = Fraction(HOUR_US), Fraction(HOUR_US, 28_000)
    e = Elements(
        calendar_us=2**32 * HOUR_US * 2,
        run_us=2**32 * HOUR_US * 2,
        output=(ProductOutput("A", slow, 2**32, 2**32 - 1, 1), ProductOutput("B", fast, 2**32, 2**32, 0)),
    )
    good_us = (2**32 - 1) * HOUR_US + 2**32 * Fraction(HOUR_US, 28_000)
    assert ideal_good_us(e.output) == good_us
    assert ratios(e).oee == good_us / (2**33 * HOUR_US)
    assert e.known_us - sum(loss.time_us or 0 for loss in losses(e)) == good_us


def test_section_2_quality_unknown_leaves_its_losses_and_ratios_null_and_not_zero() -> None:
    e = Elements(calendar_us=HOUR_US, run_us=HOUR_US, output=(ProductOutput("A", Fraction(S_US), 9, 9, 0),))
    r = ratios(e, quality_known=False)
    assert r.quality is r.oee is r.teep is r.ooe is r.nee is None
    assert r.scrap_ratio is r.rework_ratio is r.first_pass_yield is r.piece_quality is None
    named = {loss.name: loss for loss in losses(e, quality_known=False)}
    assert named["production_rejects"].time_us is named["startup_rejects"].parts_count is None
    nothing = ratios(Elements(calendar_us=HOUR_US, run_us=HOUR_US))
    assert (nothing.oee, nothing.performance, nothing.quality) == (0, 0, None)
    assert nothing.first_pass_yield is nothing.scrap_ratio is None
