"""Products and orders of one machine: what is in force when, and which standstills are changeovers (S-12, S-25).

A product or an order is in force from its Good value on until the next one; an empty text is none. A *change* is the
arrival of one that differs from the last known: neither the first ever, nor its end, nor its return after none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from oee.kernels.intervals import Int64s
from oee.kernels.standstills import STANDING, Standstill
from oee.kernels.states import Piece, Series
from oee.model import Category

ProductKey = Literal["product", "order"]
KEYS: tuple[ProductKey, ProductKey] = ("product", "order")
NO_ORDER = ""
"""An order that is told to be none; None: nothing is known of orders."""


@dataclass(frozen=True, slots=True)
class ProductRun:
    """What a machine makes from ``start_us`` on, until the next run starts; ``change`` says that it is a new one.

    ``order`` is `NO_ORDER` where its source says none, None where no source tells of orders (yet).
    """

    start_us: int
    product: str | None
    order: str | None
    change: bool = False


@dataclass(frozen=True, slots=True)
class ProductCarry:
    """Product and order in force just before an instant, and the last ones known by then."""

    product: str | None = None
    order: str | None = None
    last_product: str | None = None
    last_order: str | None = None

    def then(self, at_us: int, said: Mapping[ProductKey, str | None]) -> tuple[ProductCarry, ProductRun]:
        """What is in force once these values are heard."""
        product, order = said.get("product", self.product), said.get("order", self.order)
        known = ((product, self.last_product), (order, self.last_order))
        change = any(new and last and new != last for new, last in known)
        after = ProductCarry(product, order, product or self.last_product, order or self.last_order)
        return after, ProductRun(at_us, product, order, bool(change))


NOTHING_YET = ProductCarry()


class ProductLog:
    """Runs from a carry on, in order of time; what was in force before them comes from the carry.

    Parameters
    ----------
    carry : product and order just before the start.
    said : values by instant [µs], each as it was heard.
    """

    def __init__(self, carry: ProductCarry, said: Mapping[int, Mapping[ProductKey, str | None]]) -> None:
        self.runs: list[ProductRun] = []
        self._carries = [carry]
        for at_us in sorted(said):
            after, run = self._carries[-1].then(at_us, said[at_us])
            if after != self._carries[-1]:
                self._carries.append(after)
                self.runs.append(run)
        self.starts_us = [r.start_us for r in self.runs]

    def at(self, at_us: int) -> ProductCarry:
        """In force at an instant, what arrives just then included."""
        return self._carries[bisect_right(self.starts_us, at_us)]

    def each(self, at_us: Int64s) -> list[ProductCarry]:
        """In force at each of many instants."""
        return [self._carries[k] for k in np.searchsorted(self.starts_us, at_us, side="right").tolist()]

    def before(self, at_us: int) -> ProductCarry:
        """In force just before an instant."""
        return self._carries[bisect_left(self.starts_us, at_us)]


def product_log(
    signals: Mapping[ProductKey, Series], symbols: Sequence[str], carry: ProductCarry, span_us: tuple[int, int]
) -> ProductLog:
    """Read the product and order signals over ``[start, end]``; a signal that is not followed says none.

    Parameters
    ----------
    signals : samples of the signals that the configuration follows, those in force at the start included.
    symbols : texts by symbol index.
    carry : product and order just before the start.
    """
    said: dict[int, dict[ProductKey, str | None]] = {}
    for key in KEYS:
        if key not in signals:
            said.setdefault(span_us[0], {})[key] = None
            continue
        for at_us, symbol in _moves(signals[key], span_us):
            said.setdefault(at_us, {})[key] = symbols[symbol] or (NO_ORDER if key == "order" else None)
    return ProductLog(carry, said)


def _moves(series: Series, span_us: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Good values within the span that differ from the one before; bad ones are never used (S-28)."""
    ts, symbol = series.good_only()
    inside = (ts >= span_us[0]) & (ts <= span_us[1])
    ts, symbol = ts[inside], symbol[inside]
    moved = np.concatenate((np.ones(min(len(ts), 1), np.bool_), symbol[1:] != symbol[:-1]))
    yield from zip(ts[moved].tolist(), symbol[moved].tolist(), strict=True)


def ideal_of(product: str | None, ideals: Mapping[str, Fraction | None], default: Fraction | None) -> Fraction | None:
    """Ideal cycle of a product at a machine, else the machine's own [µs per part]; None where unknown (S-12)."""
    return default if product is None else ideals.get(product, default)


@dataclass(frozen=True, slots=True)
class Changeover:
    """A standstill in which product or order changed (S-25); its time belongs to the incoming ``run``."""

    start_us: int
    end_us: int | None
    run: ProductRun


def changeovers_of(standstills: Iterable[Standstill], runs: Sequence[ProductRun]) -> list[Changeover]:
    """Standstills with a change in ``[start, end]``: a controller often switches in the very moment of the restart."""
    changes = [r for r in runs if r.change]
    starts = [r.start_us for r in changes]
    found = []
    for s in standstills:
        last = (bisect_right(starts, s.end_us) if s.end_us is not None else len(starts)) - 1
        if last >= 0 and starts[last] >= s.start_us:
            found.append(Changeover(s.start_us, s.end_us, changes[last]))
    return found


def as_changeover(
    pieces: list[Piece],
    changeovers: Sequence[Changeover],
    calendar: Sequence[tuple[int, int]],
    category: Category = Category.PLANNED_STOP,
) -> list[Piece]:
    """Give a changeover's stops their category, planned as setup (S-25); what the ``calendar`` claimed stays (S-24).

    A reason of another category goes: it says why the machine was down, not that it was set up.
    """
    if not changeovers:
        return pieces
    setup = category is Category.PLANNED_STOP
    starts, owned = [c.start_us for c in changeovers], [a for a, _ in calendar]
    out = []
    for p in pieces:
        k, c = bisect_right(starts, p.start_us) - 1, bisect_right(owned, p.start_us) - 1
        end_us = changeovers[k].end_us if k >= 0 else p.start_us
        inside = end_us is None or p.start_us < end_us
        if inside and p.category in STANDING and not (c >= 0 and p.start_us < calendar[c][1]):
            reason = p.reason if p.category is category else None
            out.append(replace(p, category=category, reason=reason, setup=setup))
        else:
            out.append(p)
    return out


class ProductTimeline:
    """To which product and order time belongs: to what is in force, a changeover's to what comes in.

    ``in_force`` are the runs as they were heard, to which parts belong.
    """

    def __init__(self, runs: Sequence[ProductRun], changeovers: Sequence[Changeover]) -> None:
        self.in_force = tuple(runs)
        self._runs = _overridden(runs, changeovers) if changeovers else list(runs)
        self._starts = [r.start_us for r in self._runs]

    def at(self, at_us: int) -> ProductRun | None:
        """What the instant belongs to; None before the first run."""
        k = bisect_right(self._starts, at_us) - 1
        return self._runs[k] if k >= 0 else None

    def split(self, start_us: int, end_us: int) -> Iterator[tuple[int, int, ProductRun | None]]:
        """``[start, end)`` in stretches of one run each."""
        first, last = bisect_right(self._starts, start_us), bisect_left(self._starts, end_us)
        edges = [start_us, *self._starts[first:last], end_us]
        for a, b in pairwise(edges):
            if a < b:
                yield a, b, self.at(a)


def _overridden(runs: Sequence[ProductRun], changeovers: Sequence[Changeover]) -> list[ProductRun]:
    """Runs with each changeover's stretch given to what comes in."""
    starts = [r.start_us for r in runs]
    out = {r.start_us: r for r in runs}
    for c in changeovers:
        end_us = c.end_us if c.end_us is not None else max(c.start_us, starts[-1]) + 1
        for at_us in [a for a in out if c.start_us <= a < end_us]:
            del out[at_us]
        out[c.start_us] = replace(c.run, start_us=c.start_us)
        after = bisect_right(starts, end_us) - 1
        if c.end_us is not None:
            out.setdefault(end_us, replace(runs[after], start_us=end_us))
    return [out[at_us] for at_us in sorted(out)]
