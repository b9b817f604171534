"""Counters that read more than int64 holds in millionths of a count: exact all the same (S-1 … S-5)."""

from __future__ import annotations

from typing import Any

import pytest
from engine_fixture import MIN_US, S_US, at, counter, facts_of, machine, parts_of, restarted, samples

T0 = at("06:00")
LARGE = 23_758_450_955_264


def _counted(values: list[int], **limits: Any) -> tuple[int, list[tuple[str, int]]]:
    rules = machine(counters={"total": counter(**limits)})
    rows = [(T0 + i * 10 * S_US, v) for i, v in enumerate(values)]
    facts = facts_of(rules, samples([(T0, "run")], total=rows))
    return parts_of(facts, T0, rows[-1][0] + 1)[0], [(d.kind, int(d.amount)) for d in facts.decisions]


@pytest.mark.parametrize(
    ("values", "limits", "made", "told"),
    [
        ([LARGE, LARGE + 7, LARGE + 20], {}, 20, []),
        ([LARGE, LARGE - 2, LARGE + 1], {"glitch_tolerance": 5}, 1, ["counter_glitch"]),
        ([LARGE, LARGE + 90, LARGE + 92], {"max_rate_per_s": 2}, 2, ["counter_quarantined"]),
        ([LARGE, LARGE + 90, LARGE + 2], {"max_rate_per_s": 2}, 2, ["counter_glitch"]),
        ([LARGE, 12], {}, 12, ["counter_reset"]),
        ([LARGE, 12, LARGE, LARGE + 3], {}, 15, ["counter_reset", "counter_quarantined"]),
        ([2 * LARGE, LARGE, LARGE + 3], {}, 3, ["device_replaced"]),
        ([LARGE - 6, 4], {"modulus": LARGE}, 10, ["counter_rollover"]),
    ],
)
def test_s1_to_s5_hold_beyond_64_bits(values: list[int], limits: dict[str, int], made: int, told: list[str]) -> None:
    """No rise is more than int64 counts: it is quarantined, or a replaced device's."""
    found, decisions = _counted(values, **limits)
    assert (found, [kind for kind, _ in decisions]) == (made, told)


@pytest.mark.parametrize("last", [LARGE + 60, 5])
def test_s42_a_restart_beyond_64_bits_counts_the_same(last: int) -> None:
    rules = machine(counters={"total": counter()})
    rows = [(T0 + i * MIN_US, LARGE + i) for i in range(50)] + [(T0 + 60 * MIN_US, last)]
    said = samples([(T0, "run")], alive=[(T0, T0 + 60 * MIN_US)], total=rows)
    whole = facts_of(rules, said)
    for checkpoint in whole.checkpoints:
        again = restarted(rules, said, checkpoint)
        assert again.cells == [c for c in whole.cells if c.start_us >= checkpoint.at_us]
        assert again.decisions == [d for d in whole.decisions if d.at_us >= checkpoint.at_us]
    assert whole.checkpoints
