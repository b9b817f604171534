"""Parts that another machine counts, in the constraint's time and of what the constraint makes (S-13, S-40). Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from oee.kernels.products import ProductRun, ProductTimeline
from oee.model import Cell


def rebook(cells: Iterable[Cell], edges_us: Sequence[int], runs: Sequence[ProductRun]) -> list[Cell]:
    """Cells of a counting machine, cut where the constraint's state, product, order or ideal cycle changes.

    Parts of a cell that is cut are spread evenly over it (S-7), whole parts that sum to the cell's.

    Parameters
    ----------
    cells : as the counting machine counts them, each within one minute.
    edges_us : where the constraint's settled pieces start, its ideal cycles change and its start-ups end.
    runs : the constraint's products and orders, in order.

    Returns
    -------
    Cells that each lie in one piece, of the product and order in force there as they are made; without empty ones.
    """
    in_force = ProductTimeline(runs, ())
    edges = sorted({*edges_us, *(r.start_us for r in runs)})
    return [_made(part, in_force.at(part.start_us)) for part in cut_evenly(cells, edges)]


def _made(cell: Cell, run: ProductRun | None) -> Cell:
    return replace(cell, product=run.product, order=run.order) if run else replace(cell, product=None, order=None)


def cut_evenly(cells: Iterable[Cell], edges_us: Sequence[int]) -> list[Cell]:
    """Cells cut at edges, in order, without empty ones: parts of a cell are spread evenly over it (S-7)."""
    parts = (part for cell in cells for part in _cut(cell, edges_us))
    return sorted((p for p in parts if p.good_count or p.reject_count or p.rework_count), key=lambda p: p.start_us)


def _cut(cell: Cell, edges_us: Sequence[int]) -> Iterator[Cell]:
    inner = edges_us[bisect_right(edges_us, cell.start_us) : bisect_left(edges_us, cell.end_us)]
    for a, b in pairwise([cell.start_us, *inner, cell.end_us]):
        counts = (cell.good_count, cell.reject_count, cell.rework_count, cell.startup_count)
        good, reject, rework, startup = (_share(n, cell, a, b) for n in counts)
        yield replace(
            cell,
            start_us=a,
            end_us=b,
            total_count=good + reject + rework,
            good_count=good,
            reject_count=reject,
            rework_count=rework,
            startup_count=startup,
        )


def _share(count: int, cell: Cell, start_us: int, end_us: int) -> int:
    """Whole parts of ``[start, end)``, a stretch of the cell."""
    length_us = cell.end_us - cell.start_us
    return count * (end_us - cell.start_us) // length_us - count * (start_us - cell.start_us) // length_us
