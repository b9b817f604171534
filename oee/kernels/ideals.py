"""Ideal cycles as they take force: the one valid when a part was made, inside a shift as well (S-12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from oee.kernels.products import ideal_of


@dataclass(frozen=True, slots=True)
class Ideals:
    """Ideal cycles [µs per part] of one machine from ``since_us`` on: by product, else the machine's own."""

    since_us: int
    ideal_cycle_us: Fraction | None
    ideal_cycles: Mapping[str, Fraction | None] = field(default_factory=dict)

    def of(self, product: str | None) -> Fraction | None:
        """Ideal cycle of a product, None where unknown."""
        return ideal_of(product, self.ideal_cycles, self.ideal_cycle_us)

    def only(self, products: Iterable[str | None]) -> tuple[tuple[str | None, Fraction | None], ...]:
        """Cycles of these products alone, in a stable order."""
        return tuple((p, self.of(p)) for p in sorted(products, key=lambda p: (p is not None, p or "")))


def split_by_ideals(ideals: Iterable[Ideals], start_us: int, end_us: int) -> Iterator[tuple[int, int, Ideals]]:
    """``[start, end)`` in stretches of the same ideal cycles.

    Parameters
    ----------
    ideals : in the order in which they take force; the first holds for all time before it, too.
    """
    known = list(ideals)
    first = max((n for n, i in enumerate(known) if i.since_us <= start_us), default=0)
    later = [i for i in known[first + 1 :] if i.since_us < end_us]
    edges = [start_us, *(i.since_us for i in later), end_us]
    for (a, b), inside in zip(pairwise(edges), [known[first], *later], strict=True):
        yield a, b, inside
