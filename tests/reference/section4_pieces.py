"""Section 4: what final time is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from oee.model import Category
from reference.case import pieces
from reference.section4_products import Made
from reference.section4_profiles import STOPS

SMALL = Category.SMALL_STOP
STANDING = (*STOPS, SMALL)


@dataclass(frozen=True)
class Piece:
    """A stretch of one final category; ``owner`` is what its time belongs to, ``made`` what was in force.

    ``corrected``: a person's entry changed what it is, or which stop it is of.
    """

    start_us: int
    end_us: int
    category: Category
    reason: str | None
    setup: bool
    unmapped: bool
    by_calendar: bool
    made: Made
    owner: Made
    corrected: bool = False

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


@dataclass(frozen=True)
class Standstill:
    """S-23: from the first to the last piece that stands, the excluded ones between them too."""

    start_us: int
    end_us: int
    is_open: bool
    length_us: int

    def holds(self, p: Piece) -> bool:
        return self.start_us <= p.start_us < self.end_us


def recut(found: Iterable[Piece], edges: Iterable[int]) -> list[Piece]:
    """The same pieces, cut at more instants."""
    known = sorted(set(edges))
    return [replace(p, start_us=a, end_us=b) for p in found for a, b in pieces(p.start_us, p.end_us, known)]
