"""Facts × calendar → elements: the final category of every microsecond, standstills, stops and parts. Pure.

One pass settles the categories of a whole context (the window and the standstills that reach into it); any number of
windows is then cut from it, so that hours, shifts and free ranges can't disagree.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from oee.calendar import PlanPiece
from oee.kernels.ratios import ideal_total_us
from oee.kernels.standstills import STANDING, classify, standstills_of, stop_of, stop_so_far
from oee.kernels.states import STOPPED, Piece, extend, merge
from oee.model import (
    FLAGS,
    Category,
    Cell,
    CounterDecision,
    Elements,
    ProductOutput,
    Segment,
    Stop,
    WindowResult,
)

__all__ = ["CalculationRules", "Settled", "cut", "decided_until", "extend", "settle"]

COVERAGE_LOW = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class CalculationRules:
    """What the configuration says of judging one machine's facts; part of every result's definition.

    ``break_run_counts`` is the policy of S-27; ``quality_known`` is False for ``reject_source: none`` (S-9).
    """

    min_stop_us: int
    small_stop_max_us: int
    break_run_counts: bool
    product: str | None
    ideal_cycle_us: Fraction | None
    quality_known: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """Final categories over a context, with what they were made from."""

    pieces: list[Piece]
    starts: list[int]
    stops: list[Stop]
    cells: list[Cell]
    cell_starts: list[int]
    decisions: list[CounterDecision]
    data_end_us: int


def settle(
    facts: Sequence[Piece],
    cells: Sequence[Cell],
    decisions: Sequence[CounterDecision],
    plan: Sequence[PlanPiece],
    rules: CalculationRules,
) -> Settled:
    """Give every microsecond of the plan's range its one final category (S-22 … S-27).

    Parameters
    ----------
    facts : raw pieces, extended to the end of the range; what they leave open is no_data.
    cells : parts, each within one raw piece and one minute.
    plan : the calendar's pieces, tiling the range.
    """
    pieces = _overlay(facts, plan, rules)
    standstills = list(standstills_of(pieces))
    small_us = rules.small_stop_max_us
    pieces = classify(pieces, standstills, min_stop_us=rules.min_stop_us, small_stop_max_us=small_us)
    stops = [s for s in (stop_of(pieces, still, small_us) for still in standstills) if s is not None]
    ordered = sorted(cells, key=lambda c: c.start_us)
    end = pieces[-1].end_us if pieces else 0
    return Settled(
        pieces,
        [p.start_us for p in pieces],
        stops,
        ordered,
        [c.start_us for c in ordered],
        list(decisions),
        end,
    )


def _overlay(facts: Sequence[Piece], plan: Sequence[PlanPiece], rules: CalculationRules) -> list[Piece]:
    """Calendar over machine, piece by piece; both are sorted."""
    out: list[Piece] = []
    i = 0
    for p in plan:
        cursor = p.start_us
        while i < len(facts) and facts[i].end_us <= cursor:
            i += 1
        j = i
        while cursor < p.end_us:
            fact = facts[j] if j < len(facts) else None
            if fact is None or fact.start_us >= p.end_us:
                out.append(_final(Piece(cursor, p.end_us, Category.NO_DATA), p, rules))
                break
            if fact.start_us > cursor:
                out.append(_final(Piece(cursor, fact.start_us, Category.NO_DATA), p, rules))
                cursor = fact.start_us
            end = min(fact.end_us, p.end_us)
            out.append(_final(replace(fact, start_us=cursor, end_us=end), p, rules))
            cursor = end
            j += 1
    return out


def _final(piece: Piece, plan: PlanPiece, rules: CalculationRules) -> Piece:
    """Who wins (S-24): the calendar over the machine, but a run beats a break for its own duration (S-27)."""
    said = plan.category
    if said is None:
        return piece
    if plan.is_break and piece.category is Category.RUN and rules.break_run_counts:
        return piece
    return replace(piece, category=said, reason=plan.name or None, setup=False)


def cut(settled: Settled, start_us: int, end_us: int, rules: CalculationRules, *, live: bool = False) -> WindowResult:
    """Elements, segments and stops of ``[start, end)``; neighbouring windows sum to their union (S-41).

    Parameters
    ----------
    live : the window ends now, so its last segment and any stop without an end are open.
    """
    pieces = _clip(settled, start_us, end_us)
    elements = _elements(settled, pieces, start_us, end_us, rules)
    stops = tuple(_clipped_stops(settled, start_us, end_us))
    flags = _flags(settled, pieces, elements, stops, start_us, end_us, rules)
    segments = tuple(_segments(pieces, live))
    decisions = tuple(d for d in settled.decisions if start_us <= d.at_us < end_us)
    return WindowResult(
        start_us,
        end_us,
        elements,
        segments,
        stops,
        decisions,
        flags,
        rules.quality_known,
        rules.ideal_cycle_us is not None,
    )


def _clip(settled: Settled, start_us: int, end_us: int) -> list[Piece]:
    first = max(bisect_right(settled.starts, start_us) - 1, 0)
    last = bisect_left(settled.starts, end_us)
    clipped = (
        replace(p, start_us=max(p.start_us, start_us), end_us=min(p.end_us, end_us)) for p in settled.pieces[first:last]
    )
    return [p for p in clipped if p.start_us < p.end_us]


def _elements(
    settled: Settled, pieces: Sequence[Piece], start_us: int, end_us: int, rules: CalculationRules
) -> Elements:
    spent = dict.fromkeys(Category, 0)
    for p in pieces:
        spent[p.category] += p.end_us - p.start_us
    counts, stopped = _counts(settled, start_us, end_us, rules)
    long = [s for s in settled.stops if s.counted]
    closed = [s for s in long if s.end_us is not None and start_us < s.end_us <= end_us]
    return Elements(
        calendar_us=sum(spent.values()),
        not_scheduled_us=spent[Category.NOT_SCHEDULED],
        excluded_us=spent[Category.EXCLUDED],
        planned_stop_us=spent[Category.PLANNED_STOP],
        unplanned_stop_us=spent[Category.UNPLANNED_STOP],
        external_stop_us=spent[Category.EXTERNAL_STOP],
        small_stop_us=spent[Category.SMALL_STOP],
        run_us=spent[Category.RUN],
        no_data_us=spent[Category.NO_DATA],
        setup_us=sum(p.end_us - p.start_us for p in pieces if p.setup and p.category is Category.PLANNED_STOP),
        stop_count=sum(start_us <= s.start_us < end_us for s in long),
        closed_stop_count=len(closed),
        closed_stop_us=sum(s.length_us for s in closed),
        stopped_count=stopped,
        output=counts["output"],
        unscheduled=counts["unscheduled"],
        unknown=counts["unknown"],
    )


def _counts(
    settled: Settled, start_us: int, end_us: int, rules: CalculationRules
) -> tuple[dict[str, tuple[ProductOutput, ...]], int]:
    """Parts by the category of the instant that counts them (S-13), and how many of them in a stop."""
    sums = {"output": [0] * 4, "unscheduled": [0] * 4, "unknown": [0] * 4}
    stopped = 0
    for c in settled.cells[bisect_left(settled.cell_starts, start_us) : bisect_left(settled.cell_starts, end_us)]:
        category = settled.pieces[bisect_right(settled.starts, c.start_us) - 1].category
        total = sums[_KIND.get(category, "output")]
        total[0] += c.total_count
        total[1] += c.good_count
        total[2] += c.reject_count
        total[3] += c.rework_count
        stopped += c.total_count if category in STOPPED else 0
    made = {kind: _outputs(total, rules) for kind, total in sums.items()}
    return made, stopped


def _outputs(counts: list[int], rules: CalculationRules) -> tuple[ProductOutput, ...]:
    """Parts of the machine's product; nothing where nothing was counted."""
    return (ProductOutput(rules.product, rules.ideal_cycle_us, *counts),) if any(counts) else ()


_KIND = {
    Category.NOT_SCHEDULED: "unscheduled",
    Category.EXCLUDED: "unscheduled",
    Category.NO_DATA: "unknown",
}


def _clipped_stops(settled: Settled, start_us: int, end_us: int) -> Iterable[Stop]:
    """Stops that reach into the window, told as they stood at its end: what comes later changes no closed shift."""
    for s in settled.stops:
        stop_end = s.end_us if s.end_us is not None else settled.data_end_us
        if s.start_us >= end_us or stop_end <= start_us:
            continue
        told = s if s.end_us is not None and s.end_us <= end_us else stop_so_far(settled.pieces, s.start_us, end_us)
        inside = sum(
            max(min(p.end_us, stop_end, end_us) - max(p.start_us, s.start_us, start_us), 0)
            for p in settled.pieces[bisect_left(settled.starts, s.start_us) : bisect_left(settled.starts, end_us)]
            if p.category in STANDING
        )
        if inside:
            yield replace(told, in_window_us=inside, counted=s.counted)


def _segments(pieces: Sequence[Piece], live: bool) -> Iterable[Segment]:
    pieces = merge(list(pieces))
    for i, p in enumerate(pieces):
        is_open = live and i == len(pieces) - 1
        yield Segment(p.start_us, p.end_us, p.category, p.state, p.reason, p.setup, is_open)


def _flags(
    settled: Settled,
    pieces: Sequence[Piece],
    e: Elements,
    stops: Sequence[Stop],
    start_us: int,
    end_us: int,
    rules: CalculationRules,
) -> tuple[str, ...]:
    """Flags of the closed list that hold for the window, in the list's order."""
    ideal = ideal_total_us(e.output)
    raised = {d.kind for d in settled.decisions if start_us <= d.at_us < end_us}
    conditions = {
        "performance_over_100": ideal is not None and ideal > e.actual_production_us,
        "ideal_cycle_missing": rules.ideal_cycle_us is None,
        "state_unmapped": any(p.unmapped and p.category is Category.NO_DATA for p in pieces),
        "parts_while_stopped": e.stopped_count > 0,
        "parts_unscheduled": bool(e.unscheduled),
        "parts_in_no_data": bool(e.unknown),
        "coverage_low": e.planned_busy_us > 0 and Fraction(e.known_us, e.planned_busy_us) < COVERAGE_LOW,
        "stop_open": any(s.end_us is None for s in stops) and _undecided(settled, end_us, rules),
    }
    raised |= {flag for flag, holds in conditions.items() if holds}
    return tuple(f for f in FLAGS if f in raised)


def _undecided(settled: Settled, end_us: int, rules: CalculationRules) -> bool:
    """Whether a standstill at the end of the data reaches into the window and its class, or its end, is not known."""
    return decided_until(settled, rules.small_stop_max_us) < end_us or settled.data_end_us <= end_us


def decided_until(settled: Settled, small_stop_max_us: int) -> int:
    """Instant before which no later sample changes a standstill's class: the start of an undecided one, or the end."""
    last = settled.stops[-1] if settled.stops else None
    if last is not None and last.end_us is None and last.length_us <= small_stop_max_us:
        return last.start_us
    return settled.data_end_us
