"""Bookings of a line whose parts another machine than its constraint counts (S-10, S-40)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oee.compute.calculator import Context
from oee.kernels.bookings import book
from oee.kernels.counting import cut_evenly, rebook
from oee.model import Cell


def in_time_of(constraint: Context, cells: Sequence[Cell]) -> list[Cell]:
    """Parts that another machine counts, in the constraint's time and of what it makes."""
    return rebook(cells, _edges(constraint), constraint.settled.timeline.in_force)


def booked_by_line(constraint: Context, counting: Context) -> Context:
    """Take the line's bookings from the parts that a machine counts, each of the product that the constraint made then.

    The parts stay what they are to the machine itself; they are cut where the line cuts them, so that both move alike.
    What was booked on the machine itself is taken before.
    """
    own = counting.settled
    cells = cut_evenly(own.cells, _edges(constraint))
    made = book(in_time_of(constraint, cells), counting.by_line, constraint.rules.product)
    of = {c.start_us: (c.product, c.order) for c in cells}
    booked, moved = (
        [replace(c, product=of[c.start_us][0], order=of[c.start_us][1]) for c in some]
        for some in (made.cells, made.moved)
    )
    settled = replace(
        own.with_cells(booked, [*own.moved, *moved]),
        decisions=sorted([*own.decisions, *made.decisions], key=lambda d: d.at_us),
    )
    return replace(counting, settled=settled, by_line=())


def _edges(constraint: Context) -> list[int]:
    """Where the constraint's pieces start, its ideal cycles and products change and its start-ups end [µs]."""
    settled, cycles = constraint.settled, constraint.rules.later_ideals
    ends, runs = (end for _, end in settled.startups), settled.timeline.in_force
    return sorted({*settled.starts, *ends, *(i.since_us for i in cycles), *(r.start_us for r in runs)})
