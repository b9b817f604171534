"""Section 3, S-10: scrap and rework that people book.

Decided: a booking takes the newest good parts of its product before its time, back to the start of its shift, in the
order of their times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reference.case import Booking, Case, Span
from reference.section3_counters import Made

Stretch = tuple[int, str | None, Made]
"""From when on, of which product, what was made."""


@dataclass(frozen=True)
class Moved:
    """A stretch after all bookings; ``startup`` of its rejects were booked so."""

    made: Made
    startup: int = 0


@dataclass(frozen=True)
class Taken:
    """What a booking took, told where its newest part was made; nothing: at its time."""

    at_us: int
    kind: str
    count: int


def placed(case: Case, shifts: Sequence[Span]) -> list[tuple[Booking, int, int]]:
    """Bookings with the start of their shift and their time, in the order in which they take.

    Without a time it is the last instant at which the product was made in the shift: the newest parts up to its end.
    """
    homes = [(b, s) for b in case.bookings for s in shifts if s[0] <= b.at_us < s[1]]
    found = [(b, s[0], b.at_us if b.timed else s[1]) for b, s in homes]
    return sorted(found, key=lambda row: row[2])


def booked(rows: list[Stretch], bookings: list[tuple[Booking, int, int]]) -> tuple[list[Moved], list[Taken]]:
    """Scrap good → reject, rework good → rework, nothing below zero; stretches are cut at all times of bookings."""
    after, told = [Moved(made) for _, _, made in rows], []
    for booking, since_us, at_us in bookings:
        left, newest_us = booking.count, None
        for i in reversed(range(len(rows))):
            start_us, product, _ = rows[i]
            if since_us <= start_us < at_us and product == booking.product:
                count = min(left, after[i].made.good)
                after[i], left = MOVES[booking.kind](after[i], count, booking.startup), left - count
                newest_us = start_us if count and newest_us is None else newest_us
        if newest_us is not None:
            told.append(Taken(newest_us, booking.kind, booking.count - left))
    return after, told


def scrap(moved: Moved, count: int, startup: bool) -> Moved:
    made = replace(moved.made, good=moved.made.good - count, reject=moved.made.reject + count)
    return Moved(made, moved.startup + count * startup)


def rework(moved: Moved, count: int, startup: bool) -> Moved:
    made = replace(moved.made, good=moved.made.good - count, rework=moved.made.rework + count)
    return replace(moved, made=made)


MOVES: dict[str, Callable[[Moved, int, bool], Moved]] = {"scrap": scrap, "rework": rework}
