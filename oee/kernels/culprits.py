"""Whose a line's starved or blocked time is (S-29). Pure; availability is untouched.

At each instant at which the constraint is stopped from outside, the time is charged to a machine of the line that
stands by itself: one with an unplanned stop before one with a planned stop before one with a small stop; of these the
nearest in the flow, of two as near the one upstream. Where the constraint's own state tells the side (Lack, Tailback),
only machines of that side are asked. A machine that is itself starved or blocked is no culprit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from oee.model import Category, Charge, Segment

STARVED = frozenset({"Lack", "Starved", "starved"})
BLOCKED = frozenset({"Tailback", "Blocked", "blocked"})
"""States that tell the side: nothing comes from upstream, nothing goes on downstream."""
_BY_ITSELF = (Category.UNPLANNED_STOP, Category.PLANNED_STOP, Category.SMALL_STOP)


def charges(constraint: str, lanes: Mapping[str, Sequence[Segment]]) -> tuple[Charge, ...]:
    """Charge the constraint's external stops to the machines that caused them; what none did is left out.

    Parameters
    ----------
    lanes : final segments of all machines of the line, in flow order.
    """
    order = list(lanes)
    at = order.index(constraint)
    found: list[Charge] = []
    for waits in lanes[constraint]:
        if waits.category is not Category.EXTERNAL_STOP:
            continue
        asked = order[:at] if waits.state in STARVED else order[at + 1 :] if waits.state in BLOCKED else order
        ranks = {m: (abs(order.index(m) - at), order.index(m)) for m in asked if m != constraint}
        found += _of(waits, {m: lanes[m] for m in ranks}, ranks)
    return tuple(_joined(found))


def _of(waits: Segment, lanes: Mapping[str, Sequence[Segment]], ranks: Mapping[str, tuple[int, int]]) -> list[Charge]:
    standing = [
        (_BY_ITSELF.index(s.category), *ranks[m], m, max(s.start_us, waits.start_us), min(s.end_us, waits.end_us))
        for m, segments in lanes.items()
        for s in segments
        if s.category in _BY_ITSELF and s.start_us < waits.end_us and waits.start_us < s.end_us
    ]
    edges = sorted({e for *_, a, b in standing for e in (a, b)})
    out = []
    for a, b in pairwise(edges):
        first = min((row for row in standing if row[-2] <= a and b <= row[-1]), default=None)
        if first is not None:
            out.append(Charge(a, b, first[3]))
    return out


def _joined(found: Iterable[Charge]) -> Iterator[Charge]:
    """Neighbours of one machine as one."""
    last: Charge | None = None
    for c in found:
        if last is not None and (last.end_us, last.machine) == (c.start_us, c.machine):
            last = replace(last, end_us=c.end_us)
            continue
        if last is not None:
            yield last
        last = c
    if last is not None:
        yield last
