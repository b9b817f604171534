"""EDGE-01 … EDGE-30 as cases: derived by hand from the calculation rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

from golden_case import DAY_S, HOUR_S, MIN_S, START_S, Answer, Case, Example, Row, Seconds, clock, machine, shift

from adapters import edge_counters
from adapters.layout import Span, edges, said, shift_case
from adapters.products import mixed, pooled, two_shifts

Given = Mapping[str, Any]
Answers = Sequence[Answer]
RATIOS = {"a": "availability", "p": "performance", "q": "quality", "oee": "oee"}


def _dst(given: Given) -> Example:
    """The night shift of the change of the clocks, asked for by local midnight plus what passes until its ends."""
    first, last = (t.split("T") for t in given["shift"])
    pause = dict(zip(("start", "end"), given["brk"], strict=True))
    start = clock(first[1])
    lasts = 7 if "-03-" in first[0] else 9
    window = (start, start + lasts * HOUR_S)
    night = {"night": {"start": first[1], "end": last[1], "breaks": [pause]}}
    rows: list[Row] = [(t, "m", "state", "stop") for t in (start, start + 12 * HOUR_S)]
    day = date.fromisoformat(first[0])
    wide = (start - HOUR_S, start + 10 * HOUR_S)
    case = Case({"m": machine()}, rows, [window, wide], night, {"sat": ["night"]}, zone=given["tz"], day=day)

    def read(answers: Answers) -> dict[str, Any]:
        shift_, around = answers
        planned = around["calendar_s"] - around["not_scheduled_s"]
        assert planned == shift_["calendar_s"], "nothing is planned beside the shift"
        return {"pot_h": planned / HOUR_S, "pbt_h": shift_["planned_busy_s"] / HOUR_S}

    return Example([case], read)


def _carry_in(given: Given) -> Example:
    start = clock(given["shift_start"])
    (run, word), (stop, then) = ((clock(t), w) for t, w in given["events"])
    stop += DAY_S
    rows = [(run, "m", "state", word), (stop, "m", "state", then), (stop + HOUR_S, "m", "state", then)]
    case = Case({"m": machine()}, rows, [(start, stop + HOUR_S)], {"night": shift(start, start + 8 * HOUR_S)})
    return Example([case], lambda answers: {"run_min": answers[0]["run_s"] / MIN_S})


def _silence(given: Given) -> Example:
    """An hour of life, the silence, and an hour of life again."""
    a, b = (clock(t) for t in given["gap"])
    rows: list[Row] = [(t, "m", "state", given["before"]) for t in (a - HOUR_S, a)]
    rows += [(t, "m", "state", given["after"]) for t in (b, b + HOUR_S)]
    rows += [(t, "m", "total", n) for t, n in zip((a, b), given["counter"], strict=True)]
    built = machine("total", ideal_s=given.get("ideal_s"), max_age_s=60)
    case = Case({"m": built}, rows, [(a, b)], silences=[(a, b)])
    names = {"inferred_run_s": "run_s", "stop_s": "unplanned_stop_s", "no_data_s": "no_data_s"}
    return Example([case], lambda answers: {key: answers[0][name] for key, name in names.items()})


def _unknown_time(given: Given) -> Example:
    """The machine sends a word that nobody mapped for the last tenth."""
    run, dark, whole = given["run_s"], given["no_data_s"], given["pbt_s"]
    case = shift_case([("run", run), ("stop", whole - dark - run), ("gone", dark)], {})

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        assert {"coverage_low", "state_unmapped"} <= set(a["flags"])
        names = {"a_min": "availability_min", "a_max": "availability_max"}
        return {key: a[names.get(key, key)] for key in ("availability", "coverage", *names)}

    return Example([case], read)


def _four(case: Case) -> Example:
    return Example([case], lambda answers: {key: answers[0][name] for key, name in RATIOS.items()})


def _nothing_planned(given: Given) -> Example:
    assert given["pbt"] == 0
    case = shift_case([("run", HOUR_S)], {"total": 0}, ideal_s=1)
    return _four(Case(case.machines, case.rows, case.windows, case.shifts, {"mon": []}))


def _hardly_ran(given: Given) -> Example:
    run, rest = given["run"] * MIN_S, (given["pbt"] - given["run"]) * MIN_S
    spans: list[Span] = [("run", run), ("stop", rest)] if run else [("stop", rest)]
    return _four(shift_case(spans, {"total": given["total"]}, ideal_s=1))


def _too_fast(given: Given) -> Example:
    case = shift_case([("run", given["run_s"])], {"total": given["total"]}, ideal_s=given["ideal_s"])

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        return {"p_raw": a["performance"], "flag": next(f for f in a["flags"] if f == "performance_over_100")}

    return Example([case], read)


def _limits(given: Given) -> Example:
    """Standstills of these lengths, an hour apart."""
    spans: list[Span] = [piece for s in given["stops_s"] for piece in (("run", HOUR_S), ("stop", Fraction(str(s))))]
    spans.append(("run", HOUR_S))
    built = machine(min_s=given["min_s"], small_s=given["max_s"])
    stops = edges(spans)[1::2]
    case = Case({"m": built}, said("m", spans, {}), stops)
    names = {"run_s": "slow", "small_stop_s": "small", "unplanned_stop_s": "down"}

    def read(answers: Answers) -> dict[str, Any]:
        return {"cls": [name for a in answers for element, name in names.items() if a[element]]}

    return Example([case], read)


def _one_stop(stop: Sequence[str], windows: Sequence[tuple[Seconds, Seconds]], **more: Any) -> Case:
    """A machine that runs but for one stop."""
    down, up = (clock(t) for t in stop)
    limits = {"min_s": 10, "small_s": more.pop("max_s", 300)}
    rows = said("m", [("run", down - START_S), ("stop", up - down), ("run", HOUR_S)], {})
    return Case({"m": machine(**limits)}, rows, windows, **more)


def _cut_by_an_edge(given: Given) -> Example:
    edge = clock(given["edge"])
    shifts = {"late": shift(START_S, edge), "night": shift(edge, START_S + DAY_S)}
    case = _one_stop(given["stop"], [(START_S, edge), (edge, edge + HOUR_S)], max_s=given["max_s"], shifts=shifts)

    def read(answers: Answers) -> dict[str, Any]:
        small = [a["small_stop_s"] for a in answers]
        none_else = not any(a["unplanned_stop_s"] for a in answers)
        return {"cls": "small" if none_else else "down", "before_s": small[0], "after_s": small[1]}

    return Example([case], read)


def _over_a_break(given: Given) -> Example:
    pause = tuple(clock(t) for t in given["brk"])
    end = clock("14:00")
    shifts = {"day": shift(START_S, end, (pause[0], pause[1]))}
    case = _one_stop(given["stop"], [(START_S, end - HOUR_S)], max_s=given["max_s"], shifts=shifts)

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        return {"cls": "down" if a["unplanned_stop_s"] else "small", "planned_time_s": a["small_stop_s"]}

    return Example([case], read)


def _maintained(given: Given) -> Example:
    window, stop = [clock(t) for t in given["planned_maint"]], given["breakdown"]
    case = _one_stop(stop, [(window[0], clock(stop[1]) + HOUR_S)], maintenance=[(window[0], window[1])])
    names = {"planned_min": "planned_stop_s", "unplanned_min": "unplanned_stop_s"}
    return Example([case], lambda answers: {key: answers[0][name] / MIN_S for key, name in names.items()})


def _break_overrun(given: Given) -> Example:
    pause = [clock(t) for t in given["brk_scheduled"]]
    back = clock(given["machine_back"])
    shifts = {"day": shift(START_S, START_S + 8 * HOUR_S, (pause[0], pause[1]))}
    stop = (given["brk_scheduled"][0], given["machine_back"])
    case = _one_stop(stop, [(START_S, back + HOUR_S)], shifts=shifts)
    names = {"excluded_min": "excluded_s", "unplanned_min": "unplanned_stop_s"}
    return Example([case], lambda answers: {key: answers[0][name] / MIN_S for key, name in names.items()})


def _weighted_quality(given: Given) -> Example:
    assert given["run_s"] == given["pbt_s"]
    half = Fraction(given["run_s"], 2)
    case = mixed([(half, Fraction(p["ideal"]), p["total"], p["good"]) for p in given["products"]])
    names = {"p": "performance", "q": "quality", "oee": "oee", "unit_q": "piece_quality"}
    return Example([case], lambda answers: {key: answers[0][name] for key, name in names.items()})


def _summed(given: Given) -> Example:
    shifts = given["shifts"]
    case = two_shifts([s["pbt"] for s in shifts], [s["apt"] for s in shifts])
    return Example([case], lambda answers: {"a": answers[0]["availability"]})


def _parallel(given: Given) -> Example:
    """Each machine at its ideal rate for an hour: the line makes what one machine of the line's cycle would."""
    machines = {
        f"m{n}": (machine("total", ideal_s=ideal), [("run", HOUR_S)], {"total": HOUR_S // ideal})
        for n, ideal in enumerate(given["parallel_ideal_s"])
    }

    def read(answers: Answers) -> dict[str, Any]:
        (a,) = answers
        assert a["oee"] == 1
        return {"line_ideal_s": HOUR_S / a["total_count"]}

    return Example([pooled(machines)], read)


def two_full_shifts(given: Given) -> Case:
    """Two shifts of an hour, each with its parts, all good as far as the machine knows."""
    counts = (given["shift1"]["total"], given["shift2"]["total"])
    first, second = START_S, START_S + HOUR_S
    totals = [(first, 0), (second, counts[0]), (second + HOUR_S, sum(counts))]
    rows: list[Row] = [(first, "m", "state", "run"), (second + HOUR_S, "m", "state", "run")]
    rows += [(t, "m", "total", n) for t, n in totals]
    shifts = {"first": shift(first, second), "second": shift(second, second + HOUR_S)}
    windows = list(pairwise(t for t, _ in totals))
    return Case({"m": machine("total", ideal_s=10, reject_source="booked")}, rows, windows, shifts)


def _before_booking(given: Given) -> Example:
    """What both shifts say before the scrap is booked; the booking itself goes by the API."""
    return Example([two_full_shifts(given)], lambda answers: {"q_before": [a["quality"] for a in answers]})


def _elapsed(given: Given) -> Example:
    run, now, end = (given[key] for key in ("run_s", "window_s", "planned_s"))
    case = shift_case([("run", run), ("stop", end - run)], {})
    case = Case(case.machines, case.rows, [(START_S, START_S + now), (START_S, START_S + end)], case.shifts)

    def read(answers: Answers) -> dict[str, Any]:
        return {"live_a": answers[0]["availability"], "final_a": answers[1]["availability"]}

    return Example([case], read)


def _out_of_order(given: Given) -> Example:
    events = [(clock(t), "m", "state", word) for t, word in given["events"]]
    last = max(t for t, *_ in events)
    case = Case({"m": machine()}, events, [(min(t for t, *_ in events), last)])
    return Example([case], lambda answers: {"run_s": answers[0]["run_s"]})


def _by_profile(given: Given) -> Example:
    """Execute is the state in which a machine runs: each profile's own number, and no other's."""
    names = {"PackTags": "packml", "OPC-30060-TMC": "packml_tmc"}
    cases = []
    for profile, number_ in given["packml_numbers"].items():
        (other,) = (n for n in given["packml_numbers"].values() if n != number_)
        rows: list[Row] = [(START_S, "m", "state", number_), (START_S + HOUR_S, "m", "state", other)]
        rows.append((START_S + 2 * HOUR_S, "m", "state", other))
        built = machine() | {"signals": {"state": {"profile": names[profile]}}}
        cases.append(Case({"m": built}, rows, edges([("run", HOUR_S), ("other", HOUR_S)])))

    def read(answers: Answers) -> dict[str, Any]:
        told = [a["run_s"] for a in answers]
        return {"state": "Execute" if told == [HOUR_S, 0] * len(cases) else told}

    return Example(cases, read)


CASES: dict[str, Callable[[Given], Example]] = {
    "EDGE-01": edge_counters.rollover,
    "EDGE-02": edge_counters.reset,
    "EDGE-03": edge_counters.glitch,
    "EDGE-04": edge_counters.jump,
    "EDGE-05": edge_counters.baseline,
    "EDGE-06": edge_counters.at_edge,
    "EDGE-07": edge_counters.at_edge,
    "EDGE-08": edge_counters.at_edge,
    "EDGE-09": _dst,
    "EDGE-10": _dst,
    "EDGE-11": _carry_in,
    "EDGE-12": _silence,
    "EDGE-13": _silence,
    "EDGE-14": _unknown_time,
    "EDGE-15": _nothing_planned,
    "EDGE-16": _hardly_ran,
    "EDGE-17": _hardly_ran,
    "EDGE-18": _too_fast,
    "EDGE-19": _limits,
    "EDGE-20": _cut_by_an_edge,
    "EDGE-21": _over_a_break,
    "EDGE-22": _maintained,
    "EDGE-23": _break_overrun,
    "EDGE-24": _weighted_quality,
    "EDGE-25": _summed,
    "EDGE-26": _parallel,
    "EDGE-27": _before_booking,
    "EDGE-28": _elapsed,
    "EDGE-29": _out_of_order,
    "EDGE-30": _by_profile,
}


def example(vector: Mapping[str, Any]) -> Example:
    """The edge case's machine."""
    return CASES[vector["id"]](vector["inputs"])
