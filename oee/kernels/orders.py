"""Orders that people and order systems start and end, as a timeline of one machine; and time without an order. Pure.

A start puts its order and product in force; a pause or finish ends the order if it is the one in force, the product
stays. A start ends whatever ran before. So does the last word at one instant.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from oee.kernels.products import NO_ORDER, ProductRun
from oee.kernels.states import Piece
from oee.model import Category

IDLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "packml": ("2", "4", "7", "Stopped", "Idle", "Stopping"),
        "packml_tmc": ("0", "2", "9", "Stopped", "Idle", "Stopping"),
        "machinery": ("NotExecuting",),
        "weihenstephan": ("Stopped", "Idle"),
    }
)
"""States in which a machine waits for work, by profile (semantics, section 4). Elsewhere any stop without a reason."""

EventKind = Literal["start", "pause", "finish"]
Status = Literal["planned", "running", "paused", "finished"]


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One event of an order: entry number, instant [µs UTC], and the machine that it is of; None: all of the line's."""

    number: int
    at_us: int
    kind: EventKind
    order: str
    product: str
    machine: str | None = None
    author: str = ""


@dataclass(frozen=True, slots=True)
class InForce:
    """What a machine makes from ``at_us`` on: an order, or "" for none, of a product; and the event that said so."""

    at_us: int
    order: str
    product: str
    event: OrderEvent


def in_force(events: Iterable[OrderEvent], machine: str) -> list[InForce]:
    """Orders and products of one machine, from its first start on, each until the next."""
    found: list[InForce] = []
    mine = (e for e in events if e.machine in (None, machine))
    for e in sorted(mine, key=lambda e: (e.at_us, e.number)):
        now = found[-1] if found else None
        if e.kind == "start":
            after = InForce(e.at_us, e.order, e.product, e)
        elif now is not None and now.order == e.order:
            after = InForce(e.at_us, NO_ORDER, now.product, e)
        else:
            continue  # it ends what does not run
        if now is not None and now.at_us == e.at_us:
            found.pop()
        found.append(after)
    return found


def in_force_at(timeline: Sequence[InForce], at_us: int) -> InForce | None:
    """What holds at an instant, what is said just then included."""
    return next((f for f in reversed(timeline) if f.at_us <= at_us), None)


@dataclass(frozen=True, slots=True)
class NoOrder:
    """What a stop is while there is no order (policy ``no_order``), of a machine whose orders are known.

    ``states`` are those in which a machine waits for work; None: any stop that it gives no reason for.
    """

    category: Category
    states: tuple[str, ...] | None = None

    def takes(self, piece: Piece) -> bool:
        """Whether a piece is such a stop: one of a known reason is none, whatever the orders."""
        waits = piece.category is Category.UNPLANNED_STOP and piece.reason is None
        return waits and (self.states is None or piece.state in self.states)


def without_order(pieces: Sequence[Piece], runs: Sequence[ProductRun], policy: NoOrder | None) -> Sequence[Piece]:
    """Give stops in time without an order the policy's category; before any word of orders there is none to miss."""
    if policy is None or not any(r.order == NO_ORDER for r in runs):
        return pieces
    return [part for p in pieces for part in (_cut(p, runs, policy) if policy.takes(p) else (p,))]


def _cut(piece: Piece, runs: Sequence[ProductRun], policy: NoOrder) -> Iterator[Piece]:
    """The piece at every change of the order, its time without one judged."""
    first = max(bisect_right(runs, piece.start_us, key=lambda r: r.start_us) - 1, 0)
    last = bisect_left(runs, piece.end_us, key=lambda r: r.start_us)
    cursor_us = piece.start_us
    for k in range(first, last):
        start_us = max(runs[k].start_us, piece.start_us)
        end_us = min(runs[k + 1].start_us, piece.end_us) if k + 1 < len(runs) else piece.end_us
        if start_us > cursor_us:
            yield replace(piece, end_us=start_us)  # before the first word
        inside = replace(piece, start_us=start_us, end_us=end_us)
        yield replace(inside, category=policy.category) if runs[k].order == NO_ORDER else inside
        cursor_us = end_us
    if cursor_us < piece.end_us:
        yield replace(piece, start_us=cursor_us)
