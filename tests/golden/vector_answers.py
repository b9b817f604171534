"""The vectors as data, and where our rules give another answer than a source, each with the rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from adapters import calendars

FILES = {
    "published.jsonl": "34a047f04f5f83254acae9759ec9fb27558bd6ffc56224f50f459820237a1854",
    "edge_cases.jsonl": "ed96fb5cab1d2bcf63322c6a77f6592839cbfe6e6cbadc1df2d79ee4d8f222a2",
}
"""The data as it was given, by its SHA-256."""


def _vectors() -> dict[str, dict[str, Any]]:
    found = {}
    for name, digest in FILES.items():
        content = (Path(__file__).parent / "vectors" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, f"{name} is not what was published"
        found |= {v["id"]: v for v in map(json.loads, content.decode().splitlines())}
    return found


VECTORS = _vectors()
ALL = set(VECTORS)
BY_API = {"EDGE-27": "a booking comes by the API: `test_vectors_imported` makes it"}
"""What the pure facades can't be asked."""
INAPPLICABLE: dict[str, str] = {}
"""Vectors that can't be asked of us at all, and why."""


@dataclass(frozen=True)
class Ours:
    """What our rules give for a figure of a source, None of which we have where it is `NO_FIGURE`, and why."""

    value: Any
    why: str


NO_FIGURE = object()
EXTRAPOLATED = "parts are counted from sample to sample, never extrapolated (S-6, S-7)"
AVERAGED = "ratios are never averaged (S-41)"
OURS: dict[tuple[str, str], Ours] = {
    ("CT-TSDB-PROM", "prometheus_delta"): Ours(NO_FIGURE, EXTRAPOLATED),
    ("CT-PROM-11466", "increase_extrapolated"): Ours(NO_FIGURE, EXTRAPOLATED),
    ("N-CONNECT-FPY", "yield_"): Ours(NO_FIGURE, "first pass yield and rework ratio are told, a yield of neither"),
    ("N-FABRICO", "performance"): Ours(None, "no cycle and no count were given: unknown, not 0 (section 2)"),
    ("PM-MOLCA-2SKU", "naive_avg_cycle_ideal_min"): Ours(NO_FIGURE, "each part has its own product's cycle (S-12)"),
    ("RU-LINE-BOTTLENECK", "wrong_average"): Ours(NO_FIGURE, AVERAGED),
    ("RU-MOLCA-AREA", "wrong_average"): Ours(NO_FIGURE, AVERAGED),
    ("TL-MOLCA-SHIFT", "mtbf_gap_min"): Ours(
        126, "MTBF is run time over stops, 378/3 min, as in ISO 22400 (section 2)"
    ),
    ("TL-C8Y-001", "quality"): Ours([0.5] * 4 + [None, 0.5, 0.5], "no part has no quality: null, not 0 (section 2)"),
    ("TL-C8Y-004", "quality"): Ours([0.75] * 4 + [None, 0.75, 0.75], "as above"),
    ("TL-C8Y-002", "quality"): Ours(
        [1, 1, 1, 1, None, 1, 1],
        "a signal of good and bad states that judges what comes is none of ours; nothing counted as bad is good (S-9)",
    ),
    ("TL-UMH-NOSHIFT-many-noshifts-one-stop", "seconds_by_state"): Ours(
        {"40000": 44232.076, "150000": 6059.995, "160000": 201600.006},
        "the gap of 59.995 s is a break as `strict_states_out` has it: each microsecond has one category (section 1)",
    ),
    ("Q-ALMUS-ZERO", "results"): Ours(
        [
            {"a": None, "p": None, "q": None, "oee": None},  # nothing planned: P is 0/0, null
            {"a": 1, "p": 1.92, "q": 1, "oee": 1.92},  # beyond plan is unscheduled (S-27); raw P is kept, flagged
            {"a": None, "p": None, "q": None, "oee": None},  # less than no time: unknown; parts in no_data (S-13)
            {"a": 0.5, "p": 0.5, "q": None, "oee": None},
            {"a": None, "p": None, "q": None, "oee": None},
            {"a": 0, "p": None, "q": None, "oee": 0},  # P and Q are 0/0, null
        ],
        "zero denominators give null, never 0 or 100 %; nothing is clamped (section 2)",
    ),
}


def found_by(vector: Mapping[str, Any]) -> dict[str, Any]:
    """What the calendar says of a vector of its kind."""
    return calendars.found(vector)


def check(vector: Mapping[str, Any], found: Mapping[str, Any], *, partly: bool = False) -> None:
    """Compare figures with what was published, or with what was derived anew where that contradicts itself.

    Parameters
    ----------
    partly : some figures are told in one way only (counter decisions are no part of an answer of the API).
    """
    published, derived = vector["expected"], vector["computed"] or {}
    if vector["kind"] == "policy":
        derived = {}  # it has nulls where the source sees an anomaly
    own = {key: ours for (vector_id, key), ours in OURS.items() if vector_id == vector["id"]}
    for key, ours in own.items():
        assert key not in found if ours.value is NO_FIGURE else found[key] == _near(ours.value, vector["tolerance"]), (
            ours.why
        )
    for key in published.keys() - own.keys():
        if key in found or not partly:
            assert found[key] == _near(_true(vector, key), vector["tolerance"]), key
    rounded = vector["tolerance"] if vector["kind"] in ("timeline_windows", "timeline_states") else 1e-6
    for key in (derived.keys() & found.keys()) - own.keys():
        assert found[key] == _near(derived[key], rounded), key


def _true(vector: Mapping[str, Any], key: str) -> Any:
    """What was published, or what was derived anew where it contradicts itself."""
    published, derived = vector["expected"][key], vector["computed"] or {}
    return published if vector["consistent"] else derived.get(key, derived.get(f"strict_{key}", published))


def _near(want: Any, tolerance: float) -> Any:
    """The value, its numbers and instants to within a tolerance."""
    if isinstance(want, list):
        return [_near(w, tolerance) for w in want]
    if isinstance(want, dict):
        return {key: _near(w, tolerance) for key, w in want.items()}
    if isinstance(want, str) and want[:4].isdigit() and "T" in want:
        return Instant(want, tolerance)
    if want is None or isinstance(want, bool | str):
        return want
    return pytest.approx(want, abs=tolerance, rel=1e-9)


@dataclass(frozen=True, eq=False)
class Instant:
    """An instant that equals all within a tolerance [s]."""

    text: str
    tolerance: float

    def __eq__(self, other: object) -> bool:
        """Compare with an instant as it is written."""
        apart = datetime.fromisoformat(str(other)) - datetime.fromisoformat(self.text)
        return abs(apart.total_seconds()) <= self.tolerance

    __hash__ = None  # type: ignore[assignment]
