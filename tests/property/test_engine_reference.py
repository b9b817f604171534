"""The engine against the rules told slowly (tests/reference): segments, parts, stops, decisions, flags, indicators.

A sample of what `make oracle` compares; `make oracle ARGS="--small --seed N"` makes a seed that fails smaller.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from random import Random

import pytest
from cases import random_case
from engine_answers import ShiftsOverlapError, differences
from reference.case import Case
from reference.result import Answer

CASES_A_TEST = 40


def agrees(case: Case) -> list[str]:
    with contextlib.suppress(ShiftsOverlapError):  # its plant file would be refused
        return list(differences(case))
    return []


@pytest.mark.parametrize("first", range(0, 6 * CASES_A_TEST, CASES_A_TEST))
def test_engine_says_what_the_rules_say(first: int) -> None:
    for seed in range(first, first + CASES_A_TEST):
        assert agrees(random_case(Random(seed))) == [], f"seed {seed}"


def test_a_case_can_disagree() -> None:
    """The comparison sees what it is there for: a limit of small stops that the reference does not know of."""
    seen = 0
    for seed in range(40):
        case = random_case(Random(seed))
        want = Answer(case)
        (line,) = case.plant.lines.values()
        other = replace(case.machine, min_stop_us=case.machine.min_stop_us + 1, small_stop_max_us=1)
        plant = replace(case.plant, lines={"line": replace(line, machines={"m": other})})
        seen += want.pieces != Answer(replace(case, plant=plant)).pieces
    assert seen > 5


def test_s24_s10_s12_corrections_of_cases_are_heard() -> None:
    """What people say of stops, their bookings and later ideal cycles change what the rules say of many cases."""
    seen = dict.fromkeys(("entries", "bookings", "later"), 0)
    for seed in range(180):
        case = random_case(Random(seed))
        for kind in (k for k in seen if getattr(case, k)):
            want, bare = Answer(case), Answer(replace(case, **{kind: ()}))
            seen[kind] += any(want.window(w) != bare.window(w) for w in case.windows)
    assert all(count >= 5 for count in seen.values()), seen
