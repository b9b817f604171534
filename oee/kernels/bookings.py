"""Scrap and rework that people book → the parts that they are, minute by minute (S-9, S-10). Pure.

A booking sits at an instant T. It takes its parts from the newest good parts of its product made up to T, walking back
no further than the start of its shift; several take in the order of (T, entry number), each from what those before
left. What a booking takes from ``[x, T)`` is the least of its count and of the good parts left there: a function
of x alone. So windows sum to their union wherever they are cut, and no count goes below zero.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from oee.model import Cell, CounterDecision

Moves = Literal["scrap", "rework"]


@dataclass(frozen=True, slots=True)
class Booking:
    """Good parts that were none.

    Attributes
    ----------
    at_us : T; parts counted later are not meant.
    since_us : start of the shift that made them.
    product : whose parts; None for parts of no product.
    startup : scrap of starting up: a loss of its own.
    why : who booked it and the reason given, for people.
    by_line : the product is one of the line's: what its constraint made as these parts were counted (S-40).
    """

    number: int
    kind: Moves
    at_us: int
    since_us: int
    product: str | None
    count: int
    startup: bool = False
    why: str = ""
    by_line: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """Cells after all bookings; ``moved`` tells what moved where, with total 0; ``decisions`` tell it to people."""

    cells: list[Cell]
    moved: list[Cell]
    decisions: list[CounterDecision]


def book(cells: Sequence[Cell], bookings: Iterable[Booking], default_product: str | None) -> Booked:
    """Move booked parts from good to reject or rework; totals stay.

    Parameters
    ----------
    cells : in order of time, cut at the T of every booking, at least from the start of its shift on.
    default_product : what cells without a product are of.
    """
    after, starts = list(cells), [c.start_us for c in cells]
    decisions = []
    for booking in sorted(bookings, key=lambda b: (b.at_us, b.number)):
        first, last = bisect_left(starts, booking.since_us), bisect_left(starts, booking.at_us)
        left, newest_us = booking.count, None
        for i in range(last - 1, first - 1, -1):
            if not left:
                break
            taken = min(left, max(after[i].good_count, 0)) if _product(after[i], default_product, booking) else 0
            if taken:
                after[i], left = _taken(after[i], booking, taken), left - taken
                newest_us = after[i].start_us if newest_us is None else newest_us
        decisions += _told(booking, left, newest_us)
    return Booked(after, [_moved(a, b) for a, b in zip(cells, after, strict=True) if a is not b], decisions)


def _product(cell: Cell, default_product: str | None, booking: Booking) -> bool:
    return (cell.product or default_product) == booking.product


def _taken(cell: Cell, booking: Booking, count: int) -> Cell:
    less = replace(cell, good_count=cell.good_count - count)
    if booking.kind == "rework":
        return replace(less, rework_count=cell.rework_count + count)
    startup = cell.startup_count + (count if booking.startup else 0)
    return replace(less, reject_count=cell.reject_count + count, startup_count=startup)


def _moved(before: Cell, after: Cell) -> Cell:
    """The difference that bookings made to a cell."""
    return replace(
        after,
        total_count=0,
        good_count=after.good_count - before.good_count,
        reject_count=after.reject_count - before.reject_count,
        rework_count=after.rework_count - before.rework_count,
        startup_count=after.startup_count - before.startup_count,
    )


def _told(booking: Booking, left: int, newest_us: int | None) -> list[CounterDecision]:
    """What was taken, where its newest part was made; and what could not be taken, since late data made it fewer."""
    at_us = max(booking.at_us - 1, booking.since_us) if newest_us is None else newest_us
    told = []
    if left < booking.count:
        told.append(CounterDecision(at_us, "good", booking.kind, str(booking.count - left), booking.why))
    if left:
        why = f"{booking.count} were booked as {booking.kind}, so many good ones were not made. {booking.why}"
        told.append(CounterDecision(at_us, "good", "counts_inconsistent", str(left), why))
    return told


def good_by_product(
    cells: Iterable[Cell], since_us: int, until_us: int, default_product: str | None
) -> dict[str | None, int]:
    """Good parts of each product made in ``[since, until)``, whatever was made of it; zero where none is left."""
    found: dict[str | None, int] = {}
    for c in cells:
        if since_us <= c.start_us < until_us and c.total_count:
            product = c.product or default_product
            found[product] = found.get(product, 0) + max(c.good_count, 0)
    return found
