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
from oee.kernels.orders import without_order
from oee.kernels.people import NOTHING_ENTERED, Entered, hear
from oee.kernels.products import ProductKey, ProductRun, ProductTimeline, as_changeover, changeovers_of
from oee.kernels.ratios import ideal_total_us
from oee.kernels.standstills import (
    STANDING,
    Span,
    Standstill,
    classify,
    counted_from,
    standstills_of,
    startups_of,
    stop_of,
    stop_so_far,
)
from oee.kernels.states import Piece, extend, merge
from oee.kernels.tally import CalculationRules, Tally, started_up
from oee.model import FLAGS, Category, Cell, CounterDecision, Elements, Segment, Stop, WindowResult

__all__ = ["CalculationRules", "Settled", "cut", "cut_by", "decided_until", "extend", "settle"]

COVERAGE_LOW = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Settled:
    """Final categories over a context, with what they were made from; ``timeline`` says to which product time goes.

    ``counted_us`` is where a stop with unplanned time counts, by its start (see `counted_from`); ``small`` has small
    stops, ``open`` the standstill that goes on at the end of the data, ``corrected_us`` the spans that people changed.
    ``startups`` are the times after planned stops whose rejects are start-up rejects. ``moved`` is what bookings moved
    in the cells.
    """

    pieces: list[Piece]
    starts: list[int]
    stops: list[Stop]
    counted_us: dict[int, int]
    cells: list[Cell]
    cell_starts: list[int]
    decisions: list[CounterDecision]
    data_end_us: int
    timeline: ProductTimeline
    small: list[Span]
    open: Standstill | None
    corrected_us: list[tuple[int, int]]
    startups: Sequence[tuple[int, int]] = ()
    moved: Sequence[Cell] = ()

    @property
    def moved_us(self) -> frozenset[int]:
        """Starts of the cells in which a booking took effect [µs]."""
        return frozenset(c.start_us for c in self.moved)

    def with_cells(self, cells: Iterable[Cell], moved: Sequence[Cell] = ()) -> Settled:
        """Return the same with other cells; ``moved`` is what bookings moved in them."""
        ordered = sorted(cells, key=lambda c: c.start_us)
        return replace(self, cells=ordered, cell_starts=[c.start_us for c in ordered], moved=moved)


def settle(
    facts: Sequence[Piece],
    cells: Sequence[Cell],
    decisions: Sequence[CounterDecision],
    plan: Sequence[PlanPiece],
    rules: CalculationRules,
    runs: Sequence[ProductRun] = (),
    entered: Entered = NOTHING_ENTERED,
) -> Settled:
    """Give every microsecond of the range its one final category: person over calendar over machine (S-22 … S-27).

    Parameters
    ----------
    facts : raw pieces, extended to the end of the range; what they leave open is no_data.
    cells : parts, each within one raw piece and one minute.
    plan : the calendar's pieces, tiling the range.
    runs : products and orders, from those in force at the start on.
    entered : what people said of this machine.
    """
    pieces = _overlay(without_order(facts, runs, rules.no_order), plan, rules)
    standstills = list(standstills_of(pieces))
    changeovers = changeovers_of(standstills, runs) if rules.changeover is not None else []
    calendar = [(p.start_us, p.end_us) for p in plan if p.category is not None]
    pieces = as_changeover(pieces, changeovers, calendar, rules.changeover or Category.PLANNED_STOP)
    limits = {"min_stop_us": rules.min_stop_us, "small_stop_max_us": rules.small_stop_max_us}
    heard = hear(pieces, standstills, entered.stops, **limits)
    pieces = classify(heard.pieces, standstills, **limits)
    starts = [p.start_us for p in pieces]
    stops = [stop_of(pieces, starts, span) for span in heard.stops]
    ordered = sorted(cells, key=lambda c: c.start_us)
    end = pieces[-1].end_us if pieces else 0
    return Settled(
        pieces,
        starts,
        stops,
        counted_from(pieces, stops),
        ordered,
        [c.start_us for c in ordered],
        list(decisions),
        end,
        ProductTimeline(runs, changeovers),
        heard.small,
        standstills[-1] if standstills and standstills[-1].end_us is None else None,
        heard.corrected_us,
        startups_of(pieces, rules.startup_us),
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
    tally = _tally(settled, start_us, end_us)
    stops = tuple(_clipped_stops(settled, start_us, end_us))
    decisions = tuple(d for d in settled.decisions if start_us <= d.at_us < end_us)
    return _told(settled, tally, stops, decisions, (start_us, end_us), rules, live=live)


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
            [replace(p, start_us=a, end_us=b) for n, a, b, p in split if n == name],
            [c for c in whole.cells if of(c[0]) == name],
            [s for s in whole.started if at(settled.counted_us[s.start_us]) == name],
            [s for s in whole.closed if s.end_us is not None and at(s.end_us - 1) == name],
        )
        own = tuple(s for n, s in stops if n == name)
        told = tuple(d for n, d in decisions if n == name)
        rows.append((name, _told(settled, tally, own, told, (start_us, end_us), rules, live=live)))
    return rows


def _tally(settled: Settled, start_us: int, end_us: int) -> Tally:
    """All of a window."""
    long = [s for s in settled.stops if s.start_us in settled.counted_us]
    inside = settled.cells[bisect_left(settled.cell_starts, start_us) : bisect_left(settled.cell_starts, end_us)]
    cells = started_up(inside, settled.startups)
    return Tally(
        _clip(settled, start_us, end_us),
        [(c, settled.pieces[bisect_right(settled.starts, c.start_us) - 1].category) for c in cells],
        [s for s in long if start_us <= settled.counted_us[s.start_us] < end_us],
        [s for s in long if s.end_us is not None and start_us < s.end_us <= end_us],
    )


def _clip(settled: Settled, start_us: int, end_us: int) -> list[Piece]:
    first = max(bisect_right(settled.starts, start_us) - 1, 0)
    last = bisect_left(settled.starts, end_us)
    clipped = (
        replace(p, start_us=max(p.start_us, start_us), end_us=min(p.end_us, end_us)) for p in settled.pieces[first:last]
    )
    return [p for p in clipped if p.start_us < p.end_us]


def _told(
    settled: Settled,
    tally: Tally,
    stops: tuple[Stop, ...],
    decisions: tuple[CounterDecision, ...],
    window_us: tuple[int, int],
    rules: CalculationRules,
    *,
    live: bool,
) -> WindowResult:
    """The result of a window, or of a product's share of it."""
    elements = tally.elements(rules)
    ideal_known = _ideal_known(settled, tally, window_us[0], rules)
    conditions = _conditions(settled, tally.pieces, elements, stops, window_us[1], rules)
    conditions["ideal_cycle_missing"] |= not ideal_known
    raised = {d.kind for d in decisions} | {flag for flag, holds in conditions.items() if holds}
    if not settled.moved_us.isdisjoint(c.start_us for c, _ in tally.cells):
        raised.add("corrected")
    return WindowResult(
        *window_us,
        elements,
        tuple(_segments(tally.pieces, window_us[1] if live else None)),
        stops,
        decisions,
        tuple(f for f in FLAGS if f in raised),
        rules.quality_known and elements.good_count >= 0,  # more rejects than parts: nothing tells how many are good
        ideal_known,
    )


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
        told = s if s.end_us is not None and s.end_us <= end_us else stop_so_far(settled.pieces, s.start_us, end_us)
        inside = sum(
            max(min(p.end_us, stop_end, end_us) - max(p.start_us, s.start_us, start_us), 0)
            for p in settled.pieces[bisect_left(settled.starts, s.start_us) : bisect_left(settled.starts, end_us)]
            if p.category in STANDING
        )
        if inside:
            counted = start_us <= settled.counted_us.get(s.start_us, end_us) < end_us
            closed = s.start_us in settled.counted_us and told.end_us is not None and start_us < told.end_us
            # A note makes no revision: results do not tell what was spoken.
            yield replace(told, in_window_us=inside, counted=counted, closed=closed, spoken=None)


def _segments(pieces: Sequence[Piece], now_us: int | None) -> Iterable[Segment]:
    """Neighbours that say the same as one; what goes on at ``now`` is open."""
    for p in merge(list(pieces)):
        yield Segment(p.start_us, p.end_us, p.category, p.state, p.reason, p.setup, p.end_us == now_us)


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
