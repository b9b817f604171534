"""Readings of a counter → a machine that always runs (kind counter)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from golden_case import DAY_S, Answer, Case, Example, Row, Seconds, machine


def counting(points: Sequence[tuple[Seconds, Any]], windows: Sequence[tuple[Seconds, Seconds]], **limits: Any) -> Case:
    """A machine that runs all day, its total at these seconds; ``limits`` as in a plant file."""
    rows: list[Row] = [(0, "m", "state", "run"), (DAY_S, "m", "state", "run")]
    rows += [(t, "m", "total", value) for t, value in points]
    return Case({"m": machine("total", signals={"total": {"counter": limits}})}, rows, windows)


def every(step_s: Seconds, values: Sequence[Any], **limits: Any) -> Case:
    """Values at a fixed step, asked for as a whole."""
    points = [(100 + i * step_s, value) for i, value in enumerate(values)]
    return counting(points, [(0, points[-1][0] + step_s)], **limits)


def _values(given: Mapping[str, Any]) -> Example:
    """A sequence of readings, whole or within bounds."""
    if "points" in given:
        case = counting([tuple(p) for p in given["points"]], [tuple(given["bounds"])])
    else:
        limits = {"modulus": given["rollover_value"]} if "rollover_value" in given else {}
        case = every(given.get("step_s", 5), given["values"], **limits)

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        resets = a.told("counter_reset")
        found = {"delta": a["total_count"], "true_delta": a["total_count"]}
        return found if resets is None else found | {"resets": len(resets)}

    return Example([case], read)


def _service_tests(given: Mapping[str, Any]) -> Example:
    """Sequences; a pulse, which is a counter of false and true; and a shift change between two shifts' samples."""
    sequences = [every(5, values) for values in given["sequences"]]
    pulse = every(5, [int(level) for level in given["pulse"]])
    day, swing = given["shift_change"]["day"], given["shift_change"]["swing_first"]
    change = counting([(100, day[0]), (200, day[1]), (300, swing)], [(250, 400)])

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        *of_sequences, of_pulse, of_swing = answers
        return {
            "deltas": [a["total_count"] for a in of_sequences],
            "pulse_count": of_pulse["total_count"],
            "swing_first_delta": of_swing["total_count"],
            "reset_detected": ["counter_reset" in a["flags"] for a in of_sequences],
        }

    return Example([*sequences, pulse, change], read)


SPECIAL: dict[str, Callable[[Mapping[str, Any]], Example]] = {"CT-CONNECT": _service_tests}


def example(vector: Mapping[str, Any]) -> Example:
    """The vector's counter."""
    return SPECIAL.get(vector["id"], _values)(vector["inputs"])
