"""Final categories over a context, and what windows are cut from: pieces, segments, stops and parts side by side."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from oee.kernels.products import ProductTimeline
from oee.kernels.standstills import Span, Standstill
from oee.kernels.states import Piece, merge
from oee.model import Category, Cell, CounterDecision, Segment, Stop


@dataclass(frozen=True, slots=True)
class Settled:
    """Final categories over a context, with what they were made from; ``timeline`` says to which product time goes.

    ``counted_us`` is where a stop with unplanned time counts, by its start (see `counted_from`); ``small`` has small
    stops, ``open`` the standstill that goes on at the end of the data, ``corrected_us`` the spans that people changed.
    ``startups`` are the times after planned stops whose rejects are start-up rejects. ``moved`` is what bookings moved
    in the cells. Each list of ``…starts`` is that of what it is named after, ``cell_categories`` those of the instants
    that count the cells (S-13); ``segments`` are the pieces, neighbours that say the same joined.
    """

    pieces: list[Piece]
    starts: list[int]
    segments: list[Segment]
    segment_starts: list[int]
    stops: list[Stop]
    counted_us: dict[int, int]
    cells: list[Cell]
    cell_starts: list[int]
    cell_categories: list[Category]
    decisions: list[CounterDecision]
    data_end_us: int
    timeline: ProductTimeline
    small: list[Span]
    open: Standstill | None
    corrected_us: list[tuple[int, int]]
    startups: Sequence[tuple[int, int]] = ()
    moved: Sequence[Cell] = ()

    def with_cells(self, cells: Iterable[Cell], moved: Sequence[Cell] = ()) -> Settled:
        """Return the same with other cells; ``moved`` is what bookings moved in them."""
        ordered = sorted(cells, key=attrgetter("start_us"))
        starts = [c.start_us for c in ordered]
        categories = [self.pieces[bisect_right(self.starts, at_us) - 1].category for at_us in starts]
        return replace(self, cells=ordered, cell_starts=starts, cell_categories=categories, moved=moved)

    def cells_in(self, start_us: int, end_us: int) -> slice:
        """Which cells start in ``[start, end)``."""
        return slice(bisect_left(self.cell_starts, start_us), bisect_left(self.cell_starts, end_us))

    def clip(self, start_us: int, end_us: int) -> list[Piece]:
        """Pieces of ``[start, end)``."""
        near = self.pieces[_first(self.starts, start_us) : bisect_left(self.starts, end_us)]
        if near:
            near[0] = near[0].over(max(near[0].start_us, start_us), near[0].end_us)
            near[-1] = near[-1].over(near[-1].start_us, min(near[-1].end_us, end_us))
        return [p for p in near if p.start_us < p.end_us]

    def told(self, start_us: int, end_us: int) -> list[Segment]:
        """Segments of ``[start, end)``; only the two at its ends are made anew."""
        near = self.segments[_first(self.segment_starts, start_us) : bisect_left(self.segment_starts, end_us)]
        if near:
            near[0] = _over(near[0], max(near[0].start_us, start_us), near[0].end_us)
            near[-1] = _over(near[-1], near[-1].start_us, min(near[-1].end_us, end_us))
        return [s for s in near if s.start_us < s.end_us]


def segments_of(pieces: list[Piece]) -> list[Segment]:
    """Neighbours that say the same as one."""
    return [Segment(p.start_us, p.end_us, p.category, p.state, p.reason, p.setup) for p in merge(pieces)]


def _over(s: Segment, start_us: int, end_us: int) -> Segment:
    return Segment(start_us, end_us, s.category, s.state, s.reason, s.setup)


def _first(starts: Sequence[int], start_us: int) -> int:
    return max(bisect_right(starts, start_us) - 1, 0)
