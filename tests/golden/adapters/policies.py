"""What counts as what (kind policy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from golden_case import HOUR_S, START_S, Answer, Case, Example, shift

from adapters.layout import among_runs, shift_case

HOUR = [("run", HOUR_S)]


def _quality(counts: Mapping[str, Any]) -> Case:
    """Rejects told by hand come as pulses, packs as so many pieces each."""
    if "manual_reject" in counts:
        hand = {"total": counts["total"], "reject": counts["manual_reject"]}
        return shift_case(HOUR, hand, ideal_s=1, signals={"reject": {"delta": True}})
    if "reject_packs" in counts:
        packs = {"total": counts["total"], "reject": counts["reject_packs"]}
        return shift_case(HOUR, packs, ideal_s=1, signals={"reject": {"scale": counts["pcs_per_pack"]}})
    unknown = {"reject_source": "none"} if set(counts) == {"total"} else {}
    return shift_case(HOUR, counts, ideal_s=1, **unknown)


def _paths(given: Mapping[str, Any]) -> Example:
    """Counters that don't fit are an anomaly here when the answer says so by its flag."""

    def told(a: Answer) -> Any:
        return "anomaly" if "counts_inconsistent" in a["flags"] else a["quality"]

    cases = [_quality(counts) for counts in given["cases"]]
    return Example(cases, lambda answers: {"quality": [told(a) for a in answers]})


def _stops(given: Mapping[str, Any]) -> Example:
    planned, run = given["base"]["pbt"] * 60, given["base"]["apt"] * 60
    base = ("stop", planned - run)
    lengths = (given["plus_small_stop_min"] * 60, given["plus_unlabelled_stop_min"] * 60)
    cases = [shift_case(among_runs([base, ("stop", s)], run - s), {}, min_s=10, small_s=300) for s in lengths]
    names = ("availability_after_small", "availability_after_unlabelled")
    return Example(cases, lambda answers: {n: a["availability"] for n, a in zip(names, answers, strict=True)})


def _reported(given: Mapping[str, Any]) -> Case:
    """Minutes planned, run and earned, as far as time can have been so; a shift that nobody reported sends nothing."""
    planned, run = given["planned"] * 60, given.get("actual", 0) * 60
    ideal_s = Fraction(given["ideal"] * 60, given["output"]) if given.get("ideal") and given.get("output") else 1
    counts = {"total": given.get("output", 0), "reject": given.get("defects", 0)}
    if run < 0 or "actual" not in given:
        counts, words = (counts if run < 0 else {}), [("unknown", planned)]
        case = shift_case(words, counts, ideal_s=ideal_s)
    elif 0 < run < planned:
        case = shift_case(among_runs([("stop", planned - run)], run), counts, ideal_s=ideal_s)
    else:
        case = shift_case([("run" if run else "stop", max(run, planned, 60))], counts, ideal_s=ideal_s)
    if planned == 0:
        return replace(case, week={"mon": []})
    return replace(case, shifts={"day": shift(START_S, START_S + planned)})


def _zero(given: Mapping[str, Any]) -> Example:
    names = {"a": "availability", "p": "performance", "q": "quality", "oee": "oee"}
    cases = [_reported(c) for c in given["cases"]]
    return Example(cases, lambda answers: {"results": [{k: a[n] for k, n in names.items()} for a in answers]})


KINDS: dict[str, Callable[[Mapping[str, Any]], Example]] = {
    "Q-MOLCA-PATHS": _paths,
    "Q-MOLCA-STOPS": _stops,
    "Q-ALMUS-ZERO": _zero,
}


def example(vector: Mapping[str, Any]) -> Example:
    """The vector's cases."""
    return KINDS[vector["id"]](vector["inputs"])
