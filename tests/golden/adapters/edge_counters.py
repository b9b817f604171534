"""EDGE-01 … EDGE-08: readings of a counter, and parts on both sides of a shift's edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from golden_case import Answer, Case, Example, clock

from adapters.counters import counting, every

Given = Mapping[str, Any]
Answers = Sequence[Answer]


def baseline(given: Given) -> Example:
    return Example([every(10, given["values"])], lambda answers: {"delta": answers[0]["total_count"]})


def glitch(given: Given) -> Example:
    case = every(10, given["values"], glitch_tolerance=given["glitch_tol"])

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        resets = a.told("counter_reset")
        assert "counter_glitch" in a["flags"]
        return {
            "delta": a["total_count"],
            "resets": int("counter_reset" in a["flags"]) if resets is None else len(resets),
        }

    return Example([case], read)


def jump(given: Given) -> Example:
    case = every(given["dt_s"], given["values"], max_rate_per_s=given["max_rate_per_s"])

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        amounts = a.told("counter_quarantined")
        assert "counter_quarantined" in a["flags"]
        return {"delta": a["total_count"]} | ({} if amounts is None else {"quarantined": sum(amounts)})

    return Example([case], read)


def reset(given: Given) -> Example:
    case = every(10, given["values"])

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        return {"delta": a["total_count"], "reset": "counter_reset" in a["flags"]}

    return Example([case], read)


def rollover(given: Given) -> Example:
    case = every(10, given["values"], modulus=given["modulus"])

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        assert "counter_rollover" in a["flags"]
        return {"delta": a["total_count"]}

    return Example([case], read)


def at_edge(given: Given) -> Example:
    """Parts on both sides of a shift's edge, between two samples of the counter."""
    points = [(clock(t), n) for t, n in given["samples"]]
    split = clock(given["edge"])
    case = counting(points, [(points[0][0], split), (split, points[-1][0])])
    stop = [(clock(t), "m", "state", w) for t, w in zip(given.get("stop", ()), ("stop", "run"), strict=False)]
    case = Case(case.machines, [*case.rows, *stop], case.windows)
    return Example(
        [case], lambda answers: dict(zip(("before", "after"), [a["total_count"] for a in answers], strict=True))
    )
