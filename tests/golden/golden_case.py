"""A worked example as a plant would have it: lines of a plant file, rows of an import, windows to ask for.

A case holds inputs alone. It is answered through the engine's pure facades here, and through import, recompute and
the API in `test_vectors_imported.py`; both answer with the API's own items, so one reader serves both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from engine_fixture import samples

from oee.calculate import CalculationRules, Settled, cut, extend, settle
from oee.calendar import PlanPiece, instances, maintenance_windows, plan, resolve
from oee.compute.rules import calculation_rules, machine_rules
from oee.config.model import LineConfig, PlantConfig
from oee.config.plant import load_plant_text
from oee.interpret import interpret
from oee.kernels.rollup import contributors, roll_up
from oee.model import US_PER_S, Category, ShiftInstance, ShiftResult, WindowResult
from oee.report.kpi import kpi_item

MIN_S, HOUR_S, DAY_S = 60, 3600, 86_400
START_S = 6 * HOUR_S
"""Where the shift of most cases starts, after the midnight of their first day."""
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STATES = {
    "run": "run",
    "stop": "unplanned_stop",
    "wait": "external_stop",
    "setup": "planned_stop",
    "off": "not_scheduled",
}
"""The words that the machines of the cases send."""
MONDAY = date(2026, 3, 2)

Seconds = float | Fraction
Row = tuple[Seconds, str, str, Any]
"""Seconds after the midnight of the first day, machine, signal, value."""


@dataclass(frozen=True)
class Case:
    """One line. Times are seconds after the midnight of its first day, a Monday unless ``day`` is given.

    ``machines``, ``rollup``, ``shifts`` and ``week`` are as in a plant file; every day works ``shifts`` where ``week``
    says nothing. ``silences`` are stretches without a proof of life. ``instances_s`` are shifts that no plant file can
    write, to the millisecond: start, end and breaks.
    """

    machines: Mapping[str, Mapping[str, Any]]
    rows: Sequence[Row]
    windows: Sequence[tuple[Seconds, Seconds]]
    shifts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"day": {"start": "00:00", "end": "00:00"}})
    week: Mapping[str, Sequence[str]] | None = None
    rollup: Mapping[str, Any] | None = None
    maintenance: Sequence[tuple[Seconds, Seconds]] = ()
    silences: Sequence[tuple[Seconds, Seconds]] = ()
    zone: str = "UTC"
    day: date | None = None
    instances_s: Sequence[tuple[Seconds, Seconds, Sequence[tuple[Seconds, Seconds]]]] = ()


@dataclass(frozen=True)
class Answer:
    """What one window came to: an item of the API, categories in seconds after midnight, counter decisions.

    The API's answer has no decisions, and is None there.
    """

    item: Mapping[str, Any]
    segments: Sequence[tuple[Fraction, Fraction, str]]
    decisions: Sequence[tuple[str, Fraction]] | None

    def __getitem__(self, name: str) -> Any:
        """An indicator, or an element where there is no indicator of the name."""
        return self.item[name] if name in self.item else self.item["elements"][name]

    def told(self, kind: str) -> list[Fraction] | None:
        """Amounts of the decisions of a kind."""
        return None if self.decisions is None else [amount for k, amount in self.decisions if k == kind]


@dataclass(frozen=True)
class Example:
    """Cases of one vector, and how its figures are called in their answers (window by window, case by case)."""

    cases: Sequence[Case]
    read: Callable[[Sequence[Answer]], Mapping[str, Any]]


def us(seconds: Seconds) -> int:
    """Exact µs of seconds as they are written."""
    return round(Fraction(str(seconds)) * US_PER_S)


def clock(text: str) -> int:
    """Seconds after midnight of a time of day such as 06:00 or 06:00:30; 24:10 is on the next day."""
    hours, minutes, *seconds = (int(x) for x in text.split(":"))
    return hours * HOUR_S + minutes * MIN_S + sum(seconds)


def time_of_day(seconds: Seconds) -> str:
    """A whole minute as a plant file writes it."""
    minutes = Fraction(str(seconds)) / MIN_S
    assert minutes.denominator == 1, f"{seconds} s is no whole minute"
    return f"{minutes.numerator // 60 % 24:02}:{minutes.numerator % 60:02}"


def number(value: Fraction | float) -> float:
    """A decimal number of a plant file."""
    return float(Fraction(str(value)))


def machine(
    *counters: str, ideal_s: Fraction | float | None = None, min_s: float = 0, small_s: float = 0, **more: Any
) -> dict[str, Any]:
    """A machine of the words above; as the sources know no small stops, there are none unless it is said."""
    signals = {"state": {"profile": "custom", "map": STATES}} | {name: {} for name in counters}
    ideal = {} if ideal_s is None else {"ideal_cycle_s": number(ideal_s)}
    limits = {"min_stop_s": min_s, "small_stop_max_s": small_s}
    return {**ideal, **limits, **more, "signals": signals | more.get("signals", {})}


def shift(start_s: Seconds, end_s: Seconds, *breaks: tuple[Seconds, Seconds]) -> dict[str, Any]:
    """A shift of a plant file."""
    pauses = [{"start": time_of_day(a), "end": time_of_day(b)} for a, b in breaks]
    return {"start": time_of_day(start_s), "end": time_of_day(end_s), "breaks": pauses}


def plant_text(lines: Mapping[str, Case], days: Mapping[str, date], zone: str) -> str:
    """The plant file of some cases, one line each; machines are named after it."""
    return json.dumps(
        {
            "version": 1,
            "plant": {"id": "golden", "timezone": zone, "day_start": "06:00"},
            "calendars": {line: _calendar(case, days[line]) for line, case in lines.items()},
            "products": {product: {} for product in ("A", "B", "C", "D")},
            "lines": {line: _line(line, case) for line, case in lines.items()},
        }
    )


def _calendar(case: Case, day: date) -> dict[str, Any]:
    def local(seconds: Seconds) -> str:
        return f"{day}T{time_of_day(seconds)}"

    maintenance = [{"start": local(a), "end": local(b)} for a, b in case.maintenance]
    every_day = {day_: list(case.shifts) for day_ in WEEK}
    return {"shifts": case.shifts, "week": case.week or every_day, "maintenance": maintenance}


def _line(line: str, case: Case) -> dict[str, Any]:
    rollup = {"rollup": case.rollup} if case.rollup else {}
    return {"calendar": line, **rollup, "machines": case.machines}


def midnight_us(case: Case, day: date) -> int:
    """The case's second 0."""
    return resolve(day, 0, ZoneInfo(case.zone))


def answers(case: Case) -> list[Answer]:
    """Ask the engine: samples → facts → settled time → windows → indicators."""
    day = case.day or MONDAY
    plant = load_plant_text(plant_text({"line": case}, {"line": day}, case.zone), "case")
    line, zero = plant.lines["line"], midnight_us(case, day)
    settled = {m: _settled(plant, line, m, case, zero) for m in contributors(line.rollup, line.machines)}
    return [_answer(line, settled, zero, (zero + us(a), zero + us(b))) for a, b in case.windows]


_Known = tuple[Settled, CalculationRules]


def _settled(plant: PlantConfig, line: LineConfig, name: str, case: Case, zero: int) -> _Known:
    rules = machine_rules(plant, line.machines[name])
    rows = sorted({(zero + us(t), signal, str(value)) for t, m, signal, value in case.rows if m == name})
    series: dict[str, list[tuple[int, Any]]] = {}
    for at_us, signal, value in rows:
        series.setdefault(signal, []).append((at_us, float(value) if signal in rules.counters else value))
    said = samples(**series, alive=_alive([t for t, *_ in rows], case, zero))  # type: ignore[arg-type]
    edges = sorted({zero + us(t) for window in case.windows for t in window})
    facts = interpret(rules, said, None, rows[0][0], tuple(edges))
    calendar = _plan(plant, line, name, case, zero)
    pieces = extend(facts.pieces, facts.through_us, facts.hold_until_us, calendar[-1].end_us)
    judged = calculation_rules(plant, line.machines[name])
    return settle(pieces, facts.cells, facts.decisions, calendar, judged, facts.runs), judged


def _alive(instants: Sequence[int], case: Case, zero: int) -> list[tuple[int, int]]:
    """From the first to the last word of each import."""
    edges = [instants[0], *(zero + us(t) for silence in case.silences for t in silence), instants[-1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _plan(plant: PlantConfig, line: LineConfig, name: str, case: Case, zero: int) -> list[PlanPiece]:
    """The calendar around the case."""
    calendar = plant.calendars[line.calendar]
    first = datetime.fromtimestamp(zero / US_PER_S, UTC).date() - timedelta(days=1)
    last = first + timedelta(days=int(max(b for _, b in case.windows) // DAY_S) + 3)
    shifts: Iterable[ShiftInstance] = instances(line.id, calendar, plant.plant, first, last)
    if case.instances_s:
        shifts = _exact(case, zero)
    windows = maintenance_windows(calendar, name, ZoneInfo(plant.plant.timezone))
    return plan(list(shifts), windows, Category[plant.policies.maintenance.upper()])


def _exact(case: Case, zero: int) -> Iterable[ShiftInstance]:
    cursor = zero - DAY_S * US_PER_S
    for start_s, end_s, breaks in case.instances_s:
        start, end = zero + us(start_s), zero + us(end_s)
        yield ShiftInstance("line", "", "off", cursor, start, planned=False)
        pauses = tuple((zero + us(a), zero + us(b), "Break") for a, b in breaks)
        yield ShiftInstance("line", "", "shift", start, end, breaks=pauses)
        cursor = end
    yield ShiftInstance("line", "", "off", cursor, cursor + DAY_S * US_PER_S, planned=False)


def _answer(line: LineConfig, settled: Mapping[str, _Known], zero: int, window: tuple[int, int]) -> Answer:
    results = {m: _result(line, m, window, cut(known, *window, rules)) for m, (known, rules) in settled.items()}
    rolled = roll_up(line.rollup, results)
    return Answer(
        kpi_item(rolled, ZoneInfo("UTC")),
        [(seconds(s.start_us - zero), seconds(s.end_us - zero), s.category.word) for s in rolled.window.segments],
        [(d.kind, Fraction(d.amount)) for d in rolled.window.decisions],
    )


def seconds(span_us: int) -> Fraction:
    """Exact seconds."""
    return Fraction(span_us, US_PER_S)


def _result(line: LineConfig, name: str, window: tuple[int, int], cut_: WindowResult) -> ShiftResult:
    whole = ShiftInstance(line.id, "", "", *window)
    return ShiftResult("", line.id, name, line.rollup.method, whole, "final", 1, 0, 0, "", "", cut_)
