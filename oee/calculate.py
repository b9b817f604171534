"""Facts × calendar → elements: the final category of every microsecond, standstills, stops and parts. Pure.

One pass settles the categories of a whole context (the window and the standstills that reach into it); any number of
windows is then cut from it (`oee.kernels.windows`), so that hours, shifts and free ranges can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oee.calendar import PlanPiece
from oee.kernels.orders import without_order
from oee.kernels.people import NOTHING_ENTERED, Entered, hear
from oee.kernels.products import ProductRun, ProductTimeline, as_changeover, changeovers_of
from oee.kernels.settled import Settled, segments_of
from oee.kernels.standstills import classify, counted_from, standstills_of, startups_of, stop_of
from oee.kernels.states import Piece, extend
from oee.kernels.tally import CalculationRules
from oee.kernels.windows import cut, cut_by, decided_until
from oee.model import Category, Cell, CounterDecision

__all__ = ["CalculationRules", "Settled", "cut", "cut_by", "decided_until", "extend", "settle"]


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
    segments = segments_of(pieces)
    settled = Settled(
        pieces,
        starts,
        segments,
        [s.start_us for s in segments],
        stops,
        counted_from(pieces, stops),
        [],
        [],
        [],
        list(decisions),
        pieces[-1].end_us if pieces else 0,
        ProductTimeline(runs, changeovers),
        heard.small,
        standstills[-1] if standstills and standstills[-1].end_us is None else None,
        heard.corrected_us,
        startups_of(pieces, rules.startup_us),
    )
    return settled.with_cells(cells) if cells else settled


def _overlay(facts: Sequence[Piece], plan: Sequence[PlanPiece], rules: CalculationRules) -> list[Piece]:
    """Calendar over machine, piece by piece; both are sorted."""
    out: list[Piece] = []
    i = 0
    for p in plan:
        while i < len(facts) and facts[i].end_us <= p.start_us:
            i += 1
        out += (_final(said, p, rules) for said in _said(facts, i, p.start_us, p.end_us))
    return out


def _said(facts: Sequence[Piece], first: int, start_us: int, end_us: int) -> Iterator[Piece]:
    """What the machine says of ``[start, end)`` from the ``first`` fact on; no_data where it says nothing."""
    cursor = start_us
    for k in range(first, len(facts)):
        fact = facts[k]
        if fact.start_us >= end_us:
            break
        if fact.start_us > cursor:
            yield Piece(cursor, fact.start_us, Category.NO_DATA)
            cursor = fact.start_us
        yield fact.over(cursor, min(fact.end_us, end_us))
        cursor = fact.end_us
    if cursor < end_us:
        yield Piece(cursor, end_us, Category.NO_DATA)


def _final(piece: Piece, plan: PlanPiece, rules: CalculationRules) -> Piece:
    """Who wins (S-24): the calendar over the machine, but a run beats a break for its own duration (S-27)."""
    said = plan.category
    if said is None:
        return piece
    if plan.is_break and piece.category is Category.RUN and rules.break_run_counts:
        return piece
    return Piece(piece.start_us, piece.end_us, said, piece.state, plan.name or None, unmapped=piece.unmapped)
