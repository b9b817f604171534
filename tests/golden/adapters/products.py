"""Several products, several outputs, several machines (kinds multi_product, rollup)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from golden_case import HOUR_S, START_S, Answer, Case, Example, Row, Seconds, machine, shift

from adapters.layout import Span, among_runs, said, shift_case

Made = tuple[Seconds, Fraction, int, int]
"""How long a product is made [s], its ideal cycle [s], parts in all, good ones."""


def mixed(made: Sequence[Made]) -> Case:
    """One machine that changes products without a stop."""
    names = "ABCD"[: len(made)]
    edges = list(accumulate((s for s, *_ in made), initial=START_S))
    rows: list[Row] = [(t, "m", "state", "run") for t in (edges[0], edges[-1])]
    rows += [(t, "m", "product", name) for t, name in zip(edges, names, strict=False)]
    for signal, column in (("total", 2), ("good", 3)):
        counts = accumulate((m[column] for m in made), initial=0)
        rows += [(t, "m", signal, n) for t, n in zip(edges, counts, strict=True)]
    cycles = {name: {"ideal_cycle_s": float(m[1])} for name, m in zip(names, made, strict=True)}
    built = machine("total", "good", products=cycles, signals={"product": {}})
    return Case({"m": built}, rows, [(edges[0], edges[-1])])


def pooled(machines: Mapping[str, tuple[Mapping[str, Any], Sequence[Span], Mapping[str, Any]]]) -> Case:
    """Parallel machines over one shift: each with its rules, its day and its counts."""
    rows = [row for name, (_, spans, counts) in machines.items() for row in said(name, spans, counts)]
    end = max(t for t, *_ in rows)
    built = {name: rules for name, (rules, *_) in machines.items()}
    return Case(built, rows, [(START_S, end)], {"day": shift(START_S, end)}, rollup={"method": "pooled"})


def _two_products(given: Mapping[str, Any]) -> Example:
    half = Fraction(given["apt_min"] * 60, 2)
    made = [(half, Fraction(s["cycle_s"]), s["total"], s["total"]) for s in given["segments"]]

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        return {"ideal_min": a["ideal_total_s"] / 60, "performance": a["performance"]}

    return Example([mixed(made)], read)


def _cartons(given: Mapping[str, Any]) -> Example:
    """Packs are counted, and a carton's cycle is that of its packs."""
    ideal_s = Fraction(given["cycle_s_per_carton"], given["packs_per_carton"])
    case = shift_case([("run", given["apt_s"])], {"total": given["count_packs"]}, ideal_s=ideal_s)

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        return {"ideal_s": a["ideal_total_s"], "performance": a["performance"]}

    return Example([case], read)


def _batch(given: Mapping[str, Any]) -> Example:
    """The batch reports once, at its end, hours after it stood at the shift change."""
    first, second = (h * HOUR_S for h in given["run_h_by_shift"])
    spans: list[Span] = [("run", first), ("stop", HOUR_S), ("run", second)]
    edge, end = START_S + first + HOUR_S / 2, START_S + first + HOUR_S + second
    shifts = {"a": shift(START_S, edge), "b": shift(edge, end)}
    rows = said("m", spans, {"total": given["batch_kg"]})
    case = Case({"m": machine("total")}, rows, [(START_S, edge), (edge, end)], shifts)
    return Example([case], lambda answers: {"kg_by_shift": [a["total_count"] for a in answers]})


def _large_and_small(given: Mapping[str, Any]) -> Example:
    """Two days; the second's 1260 parts are the 540 large and 720 small ones of `computed`."""
    cycles = {size: Fraction(60) / rate for size, rate in given["rates_per_min"].items()}

    def day(times: Mapping[str, Any], large: int) -> Case:
        counts = {"large": large, "small": times["total"] - large}
        return mixed([(times[f"{s}_min"] * 60, cycles[s], counts[s], counts[s]) for s in ("large", "small")])

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        names = ("day1_performance", "day2_performance_if_540_large_720_small")
        return {name: a["performance"] for name, a in zip(names, answers, strict=True)}

    return Example([day(given["day1"], given["day1"]["large"]), day(given["day2"], 540)], read)


def _parallel_outputs(given: Mapping[str, Any]) -> Example:
    """Each output is a machine of its own, in parallel with the others; they wait together."""
    runs = given["runs"]
    spans: list[Span] = [("run", runs[0]["minutes"] * 60), ("wait", given["waiting_min"] * 60)]
    spans += [("run", run["minutes"] * 60) for run in runs[1:]]
    machines = {}
    for n in range(len(runs[0]["outputs"])):
        outputs = [run["outputs"][n] for run in runs]
        ideal_s = Fraction(runs[0]["minutes"] * 60, outputs[0]["max"])
        counts = {side: sum(o[side] for o in outputs) for side in ("good", "reject")}
        machines[f"m{n}"] = (machine("good", "reject", ideal_s=ideal_s), spans, counts)

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        (a,) = answers
        return {key: a[key] for key in ("availability", "performance", "quality", "oee")}

    return Example([pooled(machines)], read)


def _bottleneck(given: Mapping[str, Any]) -> Example:
    """A line of two machines in a row, by its bottleneck and, wrongly, by its faster machine."""
    slow, fast = given["machines"]
    parts = round(HOUR_S / slow["ideal_s"] * slow["oee"])
    built = {n: machine("total", ideal_s=m["ideal_s"]) for n, m in (("slow", slow), ("fast", fast))}
    rows = [row for name in built for row in said(name, [("run", HOUR_S)], {"total": parts})]
    cases = [
        Case(built, rows, [(START_S, START_S + HOUR_S)], rollup={"method": "constraint", "machine": name})
        for name in built
    ]

    def read(answers: Sequence[Answer]) -> dict[str, Any]:
        return {"line_oee_bottleneck": answers[0]["oee"], "with_fastest_ideal": answers[1]["oee"]}

    return Example(cases, read)


def two_shifts(planned_min: Sequence[int], run_min: Sequence[int]) -> Case:
    """Two shifts of a day, asked for as one window."""
    spans: list[Span] = []
    for planned, run in zip(planned_min, run_min, strict=True):
        spans += among_runs([("stop", (planned - run) * 60)], run * 60)
    edges = list(accumulate((m * 60 for m in planned_min), initial=START_S))
    shifts = {name: shift(*ends) for name, ends in zip("ab", pairwise(edges), strict=True)}
    return Case({"m": machine()}, said("m", spans, {}), [(edges[0], edges[-1])], shifts)


def _area(given: Mapping[str, Any]) -> Example:
    """Two stretches of planned time are summed, whether they are of two lines or of two shifts."""
    lines = given["lines"]
    case = two_shifts([line["pbt"] for line in lines], [line["apt"] for line in lines])
    return Example([case], lambda answers: {"availability": answers[0]["availability"]})


def _lanes(given: Mapping[str, Any]) -> Example:
    machines = {}
    for n, lane in enumerate(given["lanes"]):
        spans = among_runs([("stop", lane["down"] * 60)], (lane["pbt"] - lane["down"]) * 60)
        machines[f"m{n}"] = (machine(), spans, {})
    return Example([pooled(machines)], lambda answers: {"availability": answers[0]["availability"]})


KINDS: dict[str, Callable[[Mapping[str, Any]], Example]] = {
    "PM-MOLCA-2SKU": _two_products,
    "PM-MOLCA-UOM": _cartons,
    "PM-MOLCA-BATCH": _batch,
    "PM-OEEACADEMY": _large_and_small,
    "PM-COACH-12": _parallel_outputs,
    "PM-COACH-17": _parallel_outputs,
    "RU-LINE-BOTTLENECK": _bottleneck,
    "RU-MOLCA-AREA": _area,
    "RU-MOLCA-LANES": _lanes,
}


def example(vector: Mapping[str, Any]) -> Example:
    """The vector's line."""
    return KINDS[vector["id"]](vector["inputs"])
