"""A case through the engine, by the same facades as the service, and where it differs from the rules told slowly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields, replace
from itertools import groupby, pairwise

import numpy as np
from reference.case import Case, Entry, Span
from reference.result import Answer, Told
from reference.section2_indicators import indicators, losses_us

from oee.calculate import CalculationRules, Settled, cut, cut_by, extend, settle
from oee.calendar import clock_hours, instances, maintenance_windows, plan
from oee.compute.rules import by_ideals, calculation_rules, category_of, ideals_timeline, machine_rules
from oee.interpret import FOREVER_US, Facts, MachineSamples, interpret
from oee.kernels.bookings import Booking, book
from oee.kernels.dealing import WHY as DEALT
from oee.kernels.people import Entered, MergeSaid, Reason, ReasonSaid, SplitSaid, StopEntry
from oee.kernels.products import KEYS
from oee.kernels.ratios import losses, ratios
from oee.kernels.states import Series
from oee.model import Category, Elements, ShiftInstance, WindowResult

DAY_US = 86_400_000_000
DISAGREE = "counts_inconsistent"
"""S-9 says that three counters disagree, not when that is told of counters which are read one after the other."""


def samples_of(case: Case) -> MachineSamples:
    """As the database hands them over: life clipped to the first sample, a microsecond more than the last word."""
    index: dict[str, int] = {}
    series = {}
    for signal in ("state", "mode", "fault", "product", "order"):
        rows = case.words.get(signal, ())
        symbols = [index.setdefault(w, len(index)) if w is not None else -1 for _, w in rows]
        ts = np.array([t for t, _ in rows], np.int64)
        series[signal] = Series(ts, np.array(symbols, np.int64), np.array([w is not None for _, w in rows], np.bool_))
    if "order" in case.machine.signals and case.in_force("order", case.first_us) is None:  # silent so far, it says none
        none = index.setdefault("", len(index))
        said = series["order"]
        series["order"] = Series(
            np.append(case.first_us, said.ts_us), np.append(none, said.symbol), np.append(True, said.good)
        )
    rules = machine_rules(case.plant, case.machine)
    counters = {
        name: (np.array([t for t, _ in rows], np.int64), np.array([float(v) for _, v in rows]))
        for name, rows in case.readings.items()
    }
    others = {n: c.source for n, c in rules.counters.items() if c.source not in (None, rules.state_source)}
    return MachineSamples(
        tuple(index),
        series["state"],
        series["mode"],
        series["fault"],
        counters,
        spans_of(life_of(case, rules.state_source)),
        case.last_us + 1,
        {name: spans_of(case.alive.get(source or "", ())) for name, source in others.items()},
        {key: series[key] for key in rules.follows},
    )


def life_of(case: Case, source: str | None) -> Sequence[Span]:
    """Of one source; without one, of all."""
    sources = case.alive if source is None else {source: case.alive.get(source, ())}
    return [stretch for stretches in sources.values() for stretch in stretches]


def spans_of(rows: Sequence[Span]) -> tuple[np.ndarray, np.ndarray]:
    starts, ends = np.array(rows, np.int64).reshape(-1, 2).T
    return starts, ends


def facts_of(case: Case, cuts_us: tuple[int, ...] = ()) -> Facts:
    return interpret(machine_rules(case.plant, case.machine), samples_of(case), None, case.first_us, cuts_us)


class ShiftsOverlapError(Exception):
    """A plant file with such a calendar is refused."""


def shifts_of(case: Case) -> tuple[ShiftInstance, ...]:
    try:
        return instances("line", case.calendar, case.plant.plant, case.first_day, case.last_day)
    except ValueError as error:
        raise ShiftsOverlapError(*error.args) from error


def settled_of(case: Case, facts: Facts, shifts: Sequence[ShiftInstance]) -> Settled:
    """Facts under the calendar, and what people said of both; booked parts are those of the facts' cells."""
    windows = maintenance_windows(case.calendar, case.machine.id, case.zone)
    whole = plan(shifts, windows, category_of(case.plant.policies.maintenance))
    told = [replace(p, end_us=min(p.end_us, case.now_us)) for p in whole if p.start_us < case.now_us]
    pieces = extend(facts.pieces, facts.through_us, facts.hold_until_us, case.now_us)
    rules = calculation_rules(case.plant, case.machine)
    settled = settle(pieces, facts.cells, facts.decisions, told, rules, facts.runs, entered_of(case))
    made = book(settled.cells, bookings_of(case, shifts), rules.product)
    decisions = sorted([*settled.decisions, *made.decisions], key=lambda d: d.at_us)
    return replace(settled.with_cells(made.cells, made.moved), decisions=decisions)


def entered_of(case: Case) -> Entered:
    def said(e: Entry) -> StopEntry:
        reason = e.reason and Reason(e.reason.code, Category[e.reason.category.upper()], e.reason.setup)
        if e.kind == "split":
            return SplitSaid(e.start_us)
        return (ReasonSaid if e.kind == "reason" else MergeSaid)(e.start_us, e.end_us, reason, "eva")

    return Entered(tuple(map(said, case.entries)))


def bookings_of(case: Case, shifts: Sequence[ShiftInstance]) -> list[Booking]:
    found = []
    for n, b in enumerate(case.bookings):
        for home in (s for s in shifts if s.planned and s.start_us <= b.at_us < s.end_us):
            at_us = b.at_us if b.timed else home.end_us
            found.append(Booking(n, b.kind, at_us, home.start_us, b.product, b.count, b.startup))
    return found


def edges_of(case: Case, shifts: Sequence[ShiftInstance], windows: Iterable[Span]) -> tuple[int, ...]:
    """Where parts are counted: at windows, bookings, new ideal cycles, and where start-ups end."""
    edges = {t for w in windows for t in w} | {t for t, _ in case.later}
    edges |= {e.start_us for e in case.entries if e.kind == "split"}
    edges |= {t for b in bookings_of(case, shifts) for t in (b.since_us, b.at_us)}
    startups = settled_of(case, facts_of(case, tuple(edges)), shifts).startups if case.machine.startup_us else ()
    return tuple(edges | {t for span in startups for t in span})


def rules_of(case: Case, since_us: int) -> CalculationRules:
    """Rules with the ideal cycles as they are in force from an instant on (S-12)."""
    ideals = ideals_timeline([(-FOREVER_US, case.plant), *case.later], "line", "m")
    return by_ideals(calculation_rules(case.plant, case.machine), ideals, since_us)


def differences(case: Case) -> Iterator[str]:
    """Where engine and rules disagree, in words; nothing if they agree.

    Raises
    ------
    ShiftsOverlapError
        The plant file would be refused.
    """
    shifts = shifts_of(case)
    want = Answer(case)
    yield from shift_differences(case, shifts, want)
    facts = facts_of(case, edges_of(case, shifts, want.windows))
    settled = settled_of(case, facts, shifts)
    for n, window in enumerate(want.windows):
        rules = rules_of(case, window[0])
        got = cut(settled, *window, rules)
        yield from window_differences(f"window {n} {window}", got, want.window(window), settled, window, want)
        for key in KEYS if window in case.windows else ():
            rows, told = dict(cut_by(settled, *window, rules, key)), want.rows(window, key)
            if rows.keys() != told.keys():
                yield f"window {n} by {key}: {list(rows)} instead of {list(told)}"
            for name in rows.keys() & told.keys():
                yield from row_differences(f"window {n} {key} {name!r} {window}", rows[name], told[name])


def shift_differences(case: Case, shifts: Sequence[ShiftInstance], want: Answer) -> Iterator[str]:
    """S-30 … S-34, S-36: worked shifts with their breaks and hours; all instances tile."""
    for a, b in pairwise(shifts):
        if a.end_us != b.start_us:
            yield f"shifts do not tile: {a}, {b}"
    days = (case.first_day.isoformat(), case.last_day.isoformat())
    got = [(s.production_date, s.name, s.start_us, s.end_us, tuple(sorted(s.breaks))) for s in shifts if s.planned]
    told = [
        (s.production_date, s.name, s.start_us, s.end_us, tuple(sorted(s.breaks)))
        for s in want.calendar.shifts
        if days[0] <= s.production_date <= days[1]
    ]
    if got != told:
        yield f"shifts: {[s for s in got if s not in told]} instead of {[s for s in told if s not in got]}"
    for s in shifts:
        hours = clock_hours(s.start_us, s.end_us, case.zone) if s.planned else []
        if any((a, min(b, case.now_us)) not in want.windows for a, b in hours if in_time(case, s, a)):
            yield f"hours of {s.name} on {s.production_date}: {hours}"


def in_time(case: Case, shift: ShiftInstance, hour_us: int) -> bool:
    """Whether the shift is asked for, and the hour has begun."""
    return case.first_us - DAY_US <= shift.start_us and hour_us < case.now_us


def window_differences(
    where: str, got: WindowResult, told: Told, settled: Settled, window: Span, want: Answer
) -> Iterator[str]:
    segments = list(timeline((s.start_us, s.end_us, s.category, s.reason, s.setup) for s in got.segments))
    mine = [p for p in want.pieces if window[0] <= p.start_us < window[1]]
    expected = list(timeline((p.start_us, p.end_us, p.category, p.reason, p.setup) for p in mine))
    if segments != expected:
        yield f"{where}: segments {only(segments, expected)} instead of {only(expected, segments)}"
    yield from row_differences(where, got, told)
    quality = got.quality_known
    ratio = ratios(got.elements, quality_known=quality, ideal_known=got.ideal_known)
    for name, value in indicators(told.elements, quality, told.ideal_known).items():
        if getattr(ratio, name) != value:
            yield f"{where}: {name} {getattr(ratio, name)} instead of {value}"
    lost = {
        loss.name: loss.time_us for loss in losses(got.elements, quality_known=quality, ideal_known=got.ideal_known)
    }
    if lost != losses_us(told.elements, quality, told.ideal_known):
        yield f"{where}: losses {lost}"


def row_differences(where: str, got: WindowResult, told: Told) -> Iterator[str]:
    for field in fields(Elements):
        a, b = getattr(got.elements, field.name), getattr(told.elements, field.name)
        if a != b:
            yield f"{where}: {field.name} {a} instead of {b}"
    stops = [(s.start_us, s.end_us, s.category, s.reason, s.length_us, s.in_window_us, s.counted) for s in got.stops]
    expected = [astuple(s) for s in told.stops]
    if stops != expected:
        yield f"{where}: stops {only(stops, expected)} instead of {only(expected, stops)}"
    compared = [d for d in got.decisions if d.kind != DISAGREE or d.why == DEALT]
    decisions = placed(sorted((d.at_us, d.signal, d.kind, d.amount) for d in compared))
    if decisions != placed(told.decisions):
        yield f"{where}: decisions {decisions} instead of {told.decisions}"
    undefined = {DISAGREE} - {d.kind for d in compared}
    flags = tuple(f for f in got.flags if f not in undefined)
    if flags != told.flags:
        yield f"{where}: flags {flags} instead of {told.flags}"
    if got.ideal_known != told.ideal_known:
        yield f"{where}: ideal_known {got.ideal_known} instead of {told.ideal_known}"


def placed(decisions: Sequence[tuple[int, str, str, str]]) -> list[tuple[int, ...] | tuple[str, ...]]:
    """Decisions of counters with their instant; the minute of a booking's newest part is no matter of the rules."""
    booked = sorted(d[1:] for d in decisions if d[2] in ("scrap", "rework"))
    return [*(d for d in decisions if d[2] not in ("scrap", "rework")), *booked]


def only(these: Sequence[object], not_those: Sequence[object]) -> list[object]:
    return [x for x in these if x not in not_those]


def timeline(
    rows: Iterable[tuple[int, int, Category, str | None, bool]],
) -> Iterator[tuple[int, int, Category, str | None, bool]]:
    """Neighbours that say the same as one; what not_scheduled time is called is no matter of the rules."""
    named = ((a, b, c, None if c is Category.NOT_SCHEDULED else reason, setup) for a, b, c, reason, setup in rows)
    for what, group in groupby(named, key=lambda row: row[2:]):
        same = list(group)
        yield same[0][0], same[-1][1], *what
