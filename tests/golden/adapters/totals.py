"""Times and counts of a day → a day that has them (kinds totals, reliability)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from golden_case import DAY_S, HOUR_S, START_S, WEEK, Answer, Case, Example, machine, shift

from adapters.layout import Span, among_runs, said, shift_case

UNITS = {"h": 3600, "min": 60, "s": 1}
PLANNED = ("shift", "planned", "ppt", "available")
RUN = ("run", "actual", "uptime")
LOSSES = {
    "break": ("breaks", "lunch"),
    "setup": ("setup", "changeover", "scheduled_down"),
    "stop": ("stop", "down", "unplanned", "other_down", "unscheduled_down", "availability_losses", "unplanned_down"),
}
IDEAL = ("ideal", "ideal_cycle", "cycle", "planned_cycle")
COUNTS = {
    "total": ("total", "cycles", "output"),
    "good": ("good", "good_first_pass", "first_pass"),
    "reject": ("reject", "scrap", "defects"),
    "rework": ("rework",),
}
FOR_COUNTS_ALONE = ("run", HOUR_S)
"""A day for vectors that name no time."""

NAMES = {
    "utilization": "loading",
    "fpy": "piece_quality",
}


def _times(given: Mapping[str, Any], names: Sequence[str]) -> list[Fraction]:
    """Seconds of every time that has one of these names, whatever its unit."""
    found = []
    for key, value in given.items():
        name, _, unit = key.rpartition("_")
        if name in names and unit in UNITS:
            values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
            found += [Fraction(str(v)) * UNITS[unit] for v in values]
    return found


def _spans(given: Mapping[str, Any]) -> list[Span]:
    """Breaks, planned stops and stops among runs, which have the rest of what was planned."""
    losses: list[Span] = [(word, s) for word, names in LOSSES.items() for s in _times(given, names)]
    planned, run = sum(_times(given, PLANNED)), sum(_times(given, RUN))
    if "total_h" in given:
        planned = Fraction(str(given["total_h"] - given["idle_h"])) * HOUR_S
    if not planned and not run:
        return [FOR_COUNTS_ALONE]
    left = planned - sum(s for _, s in losses)
    if planned and run:
        losses += [("stop", left - run)] if left > run else []
    return among_runs(losses, run or left)


def _ideal_s(given: Mapping[str, Any]) -> Fraction | None:
    if "ideal_ppm" in given:
        return Fraction(60, given["ideal_ppm"])
    return next(iter(_times(given, IDEAL)), None)


def _counts(given: Mapping[str, Any]) -> dict[str, int]:
    """Counters of the machine: those that the source names; three of the four give the other."""
    found = {signal: given[key] for signal, names in COUNTS.items() for key in names if key in given}
    if "actual_cycle_s" in given:
        found["total"] = round(sum(_times(given, RUN)) / given["actual_cycle_s"])
    return found


def _plain(given: Mapping[str, Any]) -> Case:
    return shift_case(_spans(given), _counts(given), ideal_s=_ideal_s(given))


def _by_days(hours: Sequence[float], ideal_s: float, total: int) -> Case:
    """A week of one shift a day of so many hours, none where 0; all parts are made evenly, and good."""
    length = max(hours) * HOUR_S
    start = START_S if length < DAY_S else 0
    spans = [("run" if h else "stop", DAY_S) for h in hours]
    off = "stop"
    rows_spans: list[Span] = []
    for word, _ in spans:
        rows_spans += [(word, length), (off, DAY_S - length)] if length < DAY_S else [(word, DAY_S)]
    week = {day: ["day"] if h else [] for day, h in zip(WEEK, hours, strict=True)}
    rows = said("m", rows_spans, {"total": total}, start)
    return Case(
        {"m": machine("total", ideal_s=ideal_s)},
        rows,
        [(start, start + 7 * DAY_S)],
        {"day": shift(start, start + length)},
        week,
    )


def _week(given: Mapping[str, Any]) -> Case:
    """Six days of 24 h or 11 h at an OEE of 60 %: every day makes 60 % of what its hours allow."""
    hours = int(given["note"].split()[0])
    return _by_days([hours] * 6 + [0], 60, round(Fraction(str(given["oee"])) * hours * 60 * 6))


def _utilised(given: Mapping[str, Any]) -> Case:
    """A day of which a share is planned, with a thousand cycles in it: as many good parts as the OEE says."""
    planned = round(Fraction(str(given["utilization"])) * DAY_S)
    spans = [("run", planned), ("stop", DAY_S - planned)]
    good = round(Fraction(str(given["oee"])) * 1000)
    case = shift_case(spans[:1], {"total": good}, ideal_s=Fraction(planned, 1000))
    return Case(case.machines, case.rows, [(START_S, START_S + DAY_S)], case.shifts, {"mon": ["day"]})


def _five_days(given: Mapping[str, Any]) -> Case:
    days = given["planned_h"] // 24
    return _by_days([24] * days + [0] * (7 - days), 60, 0)


def _factors(given: Mapping[str, Any]) -> Case:
    """A thousand minutes, of which as many run, and a thousand cycles of a minute less what speed and quality take."""
    run = round(Fraction(str(given["a"])) * 1000)
    total = round(Fraction(str(given["p"])) * run)
    good = round(Fraction(str(given["q"])) * total)
    return shift_case(among_runs([("stop", (1000 - run) * 60)], run * 60), {"total": total, "good": good}, ideal_s=60)


def _used_beyond_plan(given: Mapping[str, Any]) -> Case:
    """The machine runs all of the hour, three quarters of it are planned."""
    case = shift_case([("run", given["all_s"])], {"total": given["total"]}, ideal_s=given["ideal_s"])
    planned = {"day": shift(START_S, START_S + given["planned_s"])}
    return Case(case.machines, case.rows, case.windows, planned)


def _hundreds_of_hours(given: Mapping[str, Any]) -> Case:
    """A breakdown after so many hours, in a plant that never closes; a minute more runs, so that its end is known."""
    run, down = given["mtbf_h"] * HOUR_S, given["mttr_h"] * HOUR_S
    rows = said("m", [("run", run), ("stop", down), ("run", 60)], {}, 0)
    return Case({"m": machine()}, rows, [(0, run + down)])


def _by_output(given: Mapping[str, Any]) -> Case:
    """Minutes planned, run and earned: each part earns its share."""
    spans = among_runs([("stop", (given["planned"] - given["actual"]) * 60)], given["actual"] * 60)
    ideal_s = Fraction(given["ideal"] * 60, given["output"])
    return shift_case(spans, {"total": given["output"], "reject": given["defects"]}, ideal_s=ideal_s)


SPECIAL: dict[str, Callable[[Mapping[str, Any]], Case]] = {
    "N-CONNECT-UTIL": _used_beyond_plan,
    "N-TEEP-LEANWORX-1": _week,
    "N-TEEP-LEANWORX-2": _week,
    "N-TEEP-OEELAB": _utilised,
    "N-UTIL-ELSMAR": _five_days,
    "N-90CUBED": _factors,
    "R-900-100": _hundreds_of_hours,
    "RU-ALMUS-WEIGHTED": _by_output,
}


def _read(answers: Sequence[Answer]) -> dict[str, Any]:
    """Figures by the names of the sources."""
    (a,) = answers
    losses, ideal = a.item["losses"], a["ideal_total_s"]
    named = {key: a[NAMES.get(key, key)] for key in ("availability", "performance", "quality", "oee", "teep", *NAMES)}
    lost = {
        "lost_availability": losses["breakdown"]["parts"],
        "lost_performance": losses["reduced_speed"]["parts"],
        "lost_quality": losses["production_rejects"]["parts"],
    }
    per_part_s = ideal / a["total_count"] if ideal else None
    return {
        **named,
        **lost,
        "theoretical": per_part_s and a["actual_production_s"] / per_part_s,
        "max_parts": per_part_s and a["good_count"] + sum(loss["parts"] for loss in losses.values()),
        "cycle_variance": per_part_s and a["actual_production_s"] / a["total_count"] / per_part_s - 1,
        "total_unscheduled_h": a["unplanned_stop_s"] / HOUR_S,
        "uptime_h": a["actual_production_s"] / HOUR_S,
        "mttr_min": a["mttr_s"] and a["mttr_s"] / 60,
        "mtbf_min": a["mtbf_s"] and a["mtbf_s"] / 60,
    }


def example(vector: Mapping[str, Any]) -> Example:
    """The vector's day, and its figures."""
    return Example([SPECIAL.get(vector["id"], _plain)(vector["inputs"])], _read)
