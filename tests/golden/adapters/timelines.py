"""Published timelines: states and counts as they came (kinds timeline, timeline_windows, timeline_states)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any

from golden_case import DAY_S, HOUR_S, Answer, Case, Example, Row, Seconds, clock, machine, shift

Read = Callable[[Sequence[Answer]], Mapping[str, Any]]
FINE = 1_000_000
"""Sources that give parts of a part are counted in millionths of one."""


def instant(text: str, day: date) -> Fraction:
    """Seconds after a day's midnight (UTC) of an instant, exact to the digit."""
    moment = datetime.fromisoformat(text)
    whole = moment.replace(microsecond=0) - datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Fraction(int(whole.total_seconds())) + Fraction(moment.microsecond, 1_000_000)


def day_of(text: str) -> date:
    """The day of an instant."""
    return datetime.fromisoformat(text).date()


def moment(seconds: Fraction, day: date) -> str:
    """The instant so many seconds after a day's midnight, as vectors write it."""
    begun = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (begun + timedelta(microseconds=int(seconds * 1_000_000))).isoformat()


def _apq(given: Mapping[str, Any]) -> Example:
    """Four hours of a planned eight; then the machine is known to stand, as the published figure takes it to do."""
    start, now = given["window"]
    day = day_of(start)
    first, now_s = instant(start, day), instant(now, day)
    end = first + given["planned_time_s"]
    rows: list[Row] = [(instant(t, day), "m", "state", word) for t, word in given["states"]]
    for t, part, bad in given["counters_cumulative_part_bad"]:
        rows += [(instant(t, day), "m", "total", part), (instant(t, day), "m", "reject", bad)]
    rows += [(now_s, "m", "state", "stopped"), (end, "m", "state", "stopped")]
    words = {"profile": "custom", "map": {given["running_state"]: "run", "stopped": "unplanned_stop"}}
    built = machine("total", "reject", ideal_s=given["ideal_cycle_s"], signals={"state": words})
    case = Case({"m": built}, rows, [(first, end), (first, now_s)], {"day": shift(first, end)}, day=day)

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        final, live = answers
        found = {key: final[key] for key in ("availability", "performance", "quality", "oee")}
        return found | {"run_time_s": final["run_s"], "availability_live": live["availability"]}

    return Example([case], read)


def _cumulated(amounts: Sequence[Sequence[float]]) -> list[tuple[Seconds, int]]:
    """Amounts since the message before as a counter; the very first counts in full at its own time (S-8)."""
    totals = list(accumulate(n for _, n in amounts))
    first = amounts[0][0]
    rows: list[tuple[Seconds, int]] = [(first, 0), (Fraction(first) + Fraction(1, 1_000_000), totals[0])]
    return rows + [(t, n) for (t, _), n in zip(amounts[1:], totals[1:], strict=True)]


def _windows(given: Mapping[str, Any]) -> Example:
    """A counter beside a state; parts come evenly over run time between messages (S-7)."""
    length = given["interval_s"]
    ends = given.get("window_ends") or [30 + length * n for n in range(1, 8)]
    rows: list[Row] = [(t, "m", "state", "run" if on else "stop") for t, on in given["status"]]
    rows.append((max(ends), "m", "state", rows[-1][3]))
    kinds = {
        "total": "amount_since_previous",
        "good": "amount_ok_since_previous",
        "reject": "amount_nok_since_previous",
    }
    counters = {signal: given[key] for signal, key in kinds.items() if key in given}
    for signal, amounts in counters.items():
        rows += [(t, "m", signal, n) for t, n in _cumulated(amounts)]
    ideal = given.get("ideal_amount_per_interval")
    signals = {signal: {"scale": FINE} for signal in counters}
    built = machine(*counters, ideal_s=ideal and Fraction(length, ideal * FINE), signals=signals)
    case = Case({"m": built}, rows, [(end - length, end) for end in ends])

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        rates = {key: [a[key] for a in answers] for key in ("availability", "performance", "quality")}
        return rates | {"actual_production_amount": [a["total_count"] / FINE for a in answers]}

    return Example([case], read)


def _microstops(given: Mapping[str, Any]) -> Example:
    """States as they are; a number that says `no shift` is the machine's own word for it."""
    day = day_of(given["states"][0][0])
    rows: list[Row] = [(instant(t, day), "m", "state", number) for t, number in given["states"]]
    end = rows[-1][0] + 60  # what comes last holds for a minute
    rows.append((end, "m", "state", rows[-1][3]))
    words = {"0": "run", "1": "unplanned_stop", "9": "not_scheduled"}
    limits = {"small_s": given["microstop_threshold_s"], "signals": {"state": {"profile": "custom", "map": words}}}
    case = Case({"m": machine(**limits)}, rows, [(rows[0][0], end)], day=day)
    back = {"run": 0, "unplanned_stop": 1, "small_stop": 7, "not_scheduled": 9}

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        told = [back[word] for *_, word in a.segments]
        times = {"microstop_s": a["small_stop_s"], "long_stop_s": a["unplanned_stop_s"]}
        return {"states_out": told, "n_micro": told.count(7), **times}

    return Example([case], read)


def _no_shifts(given: Mapping[str, Any]) -> Example:
    """Shifts with gaps up to the threshold are one shift with breaks, others close the plant."""
    day = day_of(given["window"][0])
    start, end = (instant(t, day) for t in given["window"])
    worked = [[instant(t, day) for t in (a, b)] for a, b, on in given["shifts"] if on]
    least = given["config"]["ThresholdForNoShiftsConsideredBreakInSeconds"]
    instances: list[tuple[Seconds, Seconds, list[tuple[Seconds, Seconds]]]] = []
    for a, b in worked:
        if instances and a - instances[-1][1] <= least:
            begun, until, breaks = instances.pop()
            instances.append((begun, b, [*breaks, (until, a)]))
        else:
            instances.append((a, b, []))
    rows: list[Row] = [(instant(t, day), "m", "state", number) for t, number in given["states"]]
    rows.append((end, "m", "state", rows[-1][3]))
    limits = {
        "small_s": given["config"]["MicrostopDurationInSeconds"],
        "signals": {"state": {"profile": "custom", "map": {"40000": "unplanned_stop"}}},
    }
    case = Case({"m": machine(**limits)}, rows, [(start, end)], day=day, instances_s=instances)
    back = {"unplanned_stop": 40000, "excluded": 150000, "not_scheduled": 160000}

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        times = {"40000": "unplanned_stop_s", "150000": "excluded_s", "160000": "not_scheduled_s"}
        told = [[moment(s, day), back[word]] for s, _, word in a.segments]
        spent = {number: a[name] for number, name in times.items() if a[name]}
        return {"states_out": told, "seconds_by_state": spent, "sum_s": a["calendar_s"]}

    return Example([case], read)


def _low_speed(given: Mapping[str, Any]) -> Example:
    """Pulses at their own timestamps (S-8) beside the states, which slow minutes leave as they are."""
    day = day_of(given["states"][0][0])
    rows: list[Row] = [(instant(t, day), "m", "state", number) for t, number in given["states"]]
    rows += [(instant(t, day), "m", "total", n) for t, n in given["count_events"]]
    end = max(t for t, *_ in rows) + 60
    rows.append((end, "m", "state", 0))
    words = {"state": {"profile": "custom", "map": {"0": "run", "1": "unplanned_stop"}}, "total": {"delta": True}}
    built = machine("total", ideal_s=Fraction(1, 8), signals=words)
    case = Case({"m": built}, rows, [(rows[0][0], end)], day=day)

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        told = [[moment(s, day), {"run": 0, "unplanned_stop": 1}[word]] for s, _, word in a.segments]
        return {"states_out": told, "total_count": a["total_count"]}

    return Example([case], read)


def _whole_shift(given: Mapping[str, Any]) -> Example:
    """Cleaning, whose time is not given, in the first hour; the product changes while the machine runs.

    Rejects are shared by the two products as their parts are: the published quality takes them so.
    """
    start, end = (clock(t) for t in given["shift"])
    cleaned = start + given["planned_stops"][0]["minutes"] * 60
    stops = [(clock(a), clock(b)) for a, b in given["unplanned_stops"]]
    first, second = given["segments"]
    change = cleaned + first["minutes"] * 60 + sum(b - a for a, b in stops if b < clock("12:50"))
    rows: list[Row] = [(start, "m", "state", "stop"), (cleaned, "m", "state", "run"), (end, "m", "state", "run")]
    rows += [(t, "m", "state", word) for a, b in stops for t, word in ((a, "stop"), (b, "run"))]
    rows += [(start, "m", "product", "A"), (change, "m", "product", "B")]
    for signal, counts in (("total", (0, first["total"], given["total"])), ("reject", (0, 25, given["reject"]))):
        rows += [(t, "m", signal, n) for t, n in zip((cleaned, change, end), counts, strict=True)]
    cycles = {name: {"ideal_cycle_s": s["cycle_s"]} for name, s in zip("AB", (first, second), strict=True)}
    built = machine("total", "reject", products=cycles, signals={"product": {}})
    case = Case({"m": built}, rows, [(start, end)], {"day": shift(start, end, (start, cleaned))})

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        found = {key: a[key] for key in ("availability", "performance", "quality", "oee")}
        minutes = {"pbt": "planned_busy_s", "apt": "actual_production_s", "net_run_min": "ideal_total_s"}
        minutes |= {"fully_productive_min": "ideal_good_s", "mttr_min": "mttr_s", "mtbf_gap_min": "mtbf_s"}
        return found | {key: a[name] / 60 for key, name in minutes.items()}

    return Example([case], read)


def _stalls(given: Mapping[str, Any]) -> Example:
    """Standstills from the last increment to the next, and two more of exactly the limits."""
    limits = {"min_s": given["min_stop_s"], "small_s": given["small_stop_max_s"]}
    stalls = [(clock(a), clock(b)) for a, b in given["increments"]]
    at = clock("15:00")
    stalls += [(at + n * HOUR_S, at + n * HOUR_S + length) for n, length in enumerate(given["boundary_cases_s"])]
    rows: list[Row] = [(0, "m", "state", "run"), (DAY_S, "m", "state", "run")]
    rows += [(t, "m", "state", word) for a, b in stalls for t, word in ((a, "stop"), (b, "run"))]
    case = Case({"m": machine(**limits)}, rows, stalls)
    names = {"unplanned_stop_s": "downtime", "small_stop_s": "small_stop", "run_s": "none"}

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        told = [[name for element, name in names.items() if a[element]] for a in answers]
        flat = [word for words in told for word in words]
        lengths = [a["calendar_s"] for a in answers]
        return {"classes": flat[:-2], "boundary": flat[-2:], "durations_s": lengths[:-2]}

    return Example([case], read)


KINDS: dict[str, Callable[[Mapping[str, Any]], Example]] = {
    "TL-FLUX": _apq,
    "TL-C8Y": _windows,
    "TL-UMH-MICRO": _microstops,
    "TL-UMH-NOSHIFT": _no_shifts,
    "TL-UMH-LOWSPEED": _low_speed,
    "TL-MOLCA-SHIFT": _whole_shift,
    "TL-MOLCA-STALL": _stalls,
}


def example(vector: Mapping[str, Any]) -> Example:
    """The vector's machine with its messages."""
    (build,) = (build for name, build in KINDS.items() if vector["id"].startswith(name))
    return build(vector["inputs"])
