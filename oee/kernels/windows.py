"""Settled time → results of windows: elements, segments, stops, decisions and flags; rows per product or order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from oee.kernels.products import ProductKey, ProductRun
from oee.kernels.ratios import ideal_total_us
from oee.kernels.settled import Settled, segments_of
from oee.kernels.standstills import STANDING, stop_so_far
from oee.kernels.states import Piece
from oee.kernels.tally import CalculationRules, Tally, started_up
from oee.model import FLAGS, Category, Cell, CounterDecision, Elements, Segment, Stop, WindowResult

COVERAGE_LOW = Fraction(95, 100)


def cut(settled: Settled, start_us: int, end_us: int, rules: CalculationRules, *, live: bool = False) -> WindowResult:
    """Elements, segments and stops of ``[start, end)``; neighbouring windows sum to their union (S-41).

    Parameters
    ----------
    live : the window ends now, so its last segment and any stop without an end are open.
    """
    tally = _tally(settled, start_us, end_us)
    stops = tuple(_clipped_stops(settled, start_us, end_us))
    decisions = tuple(d for d in settled.decisions if start_us <= d.at_us < end_us)
    segments = settled.told(start_us, end_us)
    return _told(settled, tally, segments, stops, decisions, (start_us, end_us), rules, live=live)


def cut_by(
    settled: Settled, start_us: int, end_us: int, rules: CalculationRules, key: ProductKey, *, live: bool = False
) -> list[tuple[str | None, WindowResult]]:
    """`cut` per product or order, in the order of their first appearance; None is the time without one.

    The rows' elements sum to the window's. Time and stops belong to what was in force, a changeover to what comes in
    (S-25); a stop counts where its unplanned time starts and, closed, where it ends; parts belong to what was
    in force as they were made (S-12). Flags and decisions are each row's own.
    """
    default = rules.product if key == "product" else None

    def of(said: ProductRun | Cell | None) -> str | None:
        return (getattr(said, key) if said else None) or default

    def at(us: int) -> str | None:
        return of(settled.timeline.at(us))

    whole = _tally(settled, start_us, end_us)
    split = [(of(run), a, b, p) for p in whole.pieces for a, b, run in settled.timeline.split(p.start_us, p.end_us)]
    stops = [
        (at(settled.counted_us[s.start_us] if s.counted else max(s.start_us, start_us)), s)
        for s in _clipped_stops(settled, start_us, end_us)
    ]
    decisions = [(at(d.at_us), d) for d in settled.decisions if start_us <= d.at_us < end_us]
    rows = []
    for name in dict.fromkeys([name for name, *_ in split] + [of(c) for c, _ in whole.cells]):
        tally = Tally(
            [p.over(a, b) for n, a, b, p in split if n == name],
            [c for c in whole.cells if of(c[0]) == name],
            [s for s in whole.started if at(settled.counted_us[s.start_us]) == name],
            [s for s in whole.closed if s.end_us is not None and at(s.end_us - 1) == name],
        )
        own = tuple(s for n, s in stops if n == name)
        told = tuple(d for n, d in decisions if n == name)
        segments = segments_of(list(tally.pieces))
        rows.append((name, _told(settled, tally, segments, own, told, (start_us, end_us), rules, live=live)))
    return rows


def _tally(settled: Settled, start_us: int, end_us: int) -> Tally:
    """All of a window."""
    long = [s for s in settled.stops if s.start_us in settled.counted_us]
    inside = settled.cells_in(start_us, end_us)
    cells = started_up(settled.cells[inside], settled.startups)
    return Tally(
        settled.clip(start_us, end_us),
        list(zip(cells, settled.cell_categories[inside], strict=True)),
        [s for s in long if start_us <= settled.counted_us[s.start_us] < end_us],
        [s for s in long if s.end_us is not None and start_us < s.end_us <= end_us],
    )


def _told(
    settled: Settled,
    tally: Tally,
    segments: list[Segment],
    stops: tuple[Stop, ...],
    decisions: tuple[CounterDecision, ...],
    window_us: tuple[int, int],
    rules: CalculationRules,
    *,
    live: bool,
) -> WindowResult:
    """The result of a window, or of a product's share of it; what goes on at the end of a live one is open."""
    elements = tally.elements(rules)
    ideal_known = _ideal_known(settled, tally, window_us[0], rules)
    conditions = _conditions(settled, tally.pieces, elements, stops, window_us[1], rules)
    conditions["ideal_cycle_missing"] |= not ideal_known
    conditions["corrected"] |= _moved(settled, tally.cells)
    raised = {d.kind for d in decisions} | {flag for flag, holds in conditions.items() if holds}
    if live and segments and segments[-1].end_us == window_us[1]:
        segments[-1] = replace(segments[-1], open=True)
    return WindowResult(
        *window_us,
        elements,
        tuple(segments),
        stops,
        decisions,
        tuple(f for f in FLAGS if f in raised),
        rules.quality_known and not _is_contradicted(elements, decisions),
        ideal_known,
    )


def _is_contradicted(elements: Elements, decisions: Iterable[CounterDecision]) -> bool:
    """Whether more rejects than parts leave no good one: nothing tells how many are good then (S-9)."""
    return elements.good_count == 0 and any((d.kind, d.signal) == ("counts_inconsistent", "reject") for d in decisions)


def _moved(settled: Settled, cells: Iterable[tuple[Cell, Category]]) -> bool:
    """Whether a booking took effect in any of the cells."""
    moved_us = {c.start_us for c in settled.moved}
    return bool(moved_us) and any(c.start_us in moved_us for c, _ in cells)


def _ideal_known(settled: Settled, tally: Tally, start_us: int, rules: CalculationRules) -> bool:
    """Whether anything in force or made had an ideal cycle; other parts leave P, Q and OEE unknown by themselves."""
    if any(rules.ideal_of(c.product or rules.product, c.start_us) is not None for c, _ in tally.cells):
        return True
    empty = not tally.pieces and not tally.cells
    spans = [(start_us, start_us + 1)] if empty else [(p.start_us, p.end_us) for p in tally.pieces]
    return any(
        ideals.of((run and run.product) or rules.product) is not None
        for a, b in spans
        for since_us, until_us, run in settled.timeline.split(a, b)
        for *_, ideals in rules.ideals(since_us, until_us)
    )


def _clipped_stops(settled: Settled, start_us: int, end_us: int) -> Iterable[Stop]:
    """Stops that reach into the window, told as they stood at its end: what comes later changes no closed shift."""
    for s in settled.stops:
        stop_end = s.end_us if s.end_us is not None else settled.data_end_us
        if s.start_us >= end_us or stop_end <= start_us:
            continue
        told = (
            s
            if s.end_us is not None and s.end_us <= end_us
            else stop_so_far(settled.pieces, settled.starts, s.start_us, end_us)
        )
        until_us = min(stop_end, end_us)
        inside = sum(
            max(min(p.end_us, until_us) - max(p.start_us, s.start_us, start_us), 0)
            for p in settled.pieces[bisect_left(settled.starts, s.start_us) : bisect_left(settled.starts, until_us)]
            if p.category in STANDING
        )
        if inside:
            counted = start_us <= settled.counted_us.get(s.start_us, end_us) < end_us
            closed = s.start_us in settled.counted_us and told.end_us is not None and start_us < told.end_us
            # A note makes no revision: results do not tell what was spoken.
            yield replace(told, in_window_us=inside, counted=counted, closed=closed, spoken=None)


def _conditions(
    settled: Settled, pieces: Sequence[Piece], e: Elements, stops: Sequence[Stop], end_us: int, rules: CalculationRules
) -> dict[str, bool]:
    """Which flags of the closed list hold beside those of the counters."""
    ideal = ideal_total_us(e.output)
    return {
        "performance_over_100": ideal is not None and ideal > e.actual_production_us,
        "counts_inconsistent": e.good_count < 0,
        "ideal_cycle_missing": any(o.ideal_cycle_us is None for o in e.output + e.unscheduled + e.unknown),
        "state_unmapped": any(p.unmapped and p.category is Category.NO_DATA for p in pieces),
        "parts_while_stopped": e.stopped_count > 0,
        "parts_unscheduled": bool(e.unscheduled),
        "parts_in_no_data": bool(e.unknown),
        "coverage_low": e.planned_busy_us > 0 and Fraction(e.known_us, e.planned_busy_us) < COVERAGE_LOW,
        "stop_open": any(s.end_us is None for s in stops) and _undecided(settled, end_us, rules),
        "corrected": any(a < p.end_us and p.start_us < b for a, b in settled.corrected_us for p in pieces),
    }


def _undecided(settled: Settled, end_us: int, rules: CalculationRules) -> bool:
    """Whether a standstill at the end of the data reaches into the window and its class, or its end, is not known."""
    return decided_until(settled, rules.small_stop_max_us) < end_us or settled.data_end_us <= end_us


def decided_until(settled: Settled, small_stop_max_us: int) -> int:
    """Instant before which no later sample changes a standstill's class: the start of an undecided one, or the end."""
    last = settled.open
    if last is not None and last.length_us <= small_stop_max_us:
        return last.start_us
    return settled.data_end_us
