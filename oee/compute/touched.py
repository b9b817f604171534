"""What of the time changed between facts as they stood and as they are told anew (S-52)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from oee.interpret import Facts
from oee.kernels.products import ProductRun
from oee.kernels.states import Piece
from oee.model import Category, Cell
from oee.store.facts import StoredFacts
from oee.store.times import FAR_US

DECIDED_US = 86_400_000_000


def touched_range(old: StoredFacts, new: Facts) -> tuple[int, int] | None:
    """The stretch in which facts differ, widened to the standstills that it reaches into; None if nothing does.

    A standstill that has lasted more than a day is no small stop, whatever comes: going on, it touches no shift before.
    A change of product or order touches all of it, however long it is (S-25).
    """
    before = [replace(p, start_us=max(p.start_us, new.start_us)) for p in old.pieces]
    changed = _difference(before, new.pieces)
    changed += _difference(old.cells, new.cells)
    changed += [(d.at_us, d.at_us + 1) for d in set(old.decisions) ^ set(new.decisions)]
    made = _made_otherwise(old.runs, new.runs, new.start_us)
    touched = []
    if changed:
        start = min(a for a, _ in changed)
        stop_start = _stop_start(new.pieces, start)
        touched.append(start if start - stop_start > DECIDED_US else stop_start)
    if made:
        touched.append(_stop_start(new.pieces, min(a for a, _ in made)))
    return (min(touched), _stop_end(new.pieces, max(b for _, b in changed + made))) if touched else None


def _made_otherwise(old: Sequence[ProductRun], new: Sequence[ProductRun], start_us: int) -> list[tuple[int, int]]:
    """Spans in which another product or order is in force, and instants at which a change comes or goes (S-25).

    The last run holds on beyond the data. A change counts from the instant before it, so that it is seen to touch the
    standstill that it ends.
    """
    held = next((r for r in reversed(old) if r.start_us < start_us), None)
    at: list[dict[int, ProductRun]] = [{r.start_us: r for r in runs if r.start_us >= start_us} for runs in (old, new)]
    spans, made = [], [held, held]
    for a, b in pairwise([*sorted(at[0].keys() | at[1].keys()), FAR_US]):
        here = [runs.get(a) for runs in at]
        made = [now or before for now, before in zip(here, made, strict=True)]
        if len({(r.product, r.order) if r else (None, None) for r in made}) > 1:
            spans.append((a - 1, b))
        elif len({bool(r and r.change) for r in here}) > 1:
            spans.append((a - 1, a + 1))
    return spans


def _difference(old: Sequence[Piece | Cell], new: Sequence[Piece | Cell]) -> list[tuple[int, int]]:
    """Spans of what only one side has; a last piece that merely grew differs only where it is new."""
    changed = [(p.start_us, p.end_us) for p in set(old) ^ set(new)]
    if old and new and changed:
        grown = _grown(old[-1], new)
        if grown is not None:
            changed = [c for c in changed if c[0] != grown[0]] + [grown[1]]
    return changed


def _grown(last: Piece | Cell, new: Sequence[Piece | Cell]) -> tuple[int, tuple[int, int]] | None:
    """If the last old piece goes on in the new ones: its start, and the stretch that was added to it."""
    if not isinstance(last, Piece):
        return None
    follow = next((p for p in new if isinstance(p, Piece) and p.start_us == last.start_us), None)
    if follow is None or not follow.same_claim(last) or follow.end_us <= last.end_us:
        return None
    return last.start_us, (last.end_us, follow.end_us)


def _stop_start(pieces: Sequence[Piece], at_us: int) -> int:
    for p in reversed(pieces):
        if p.start_us > at_us:
            continue
        if p.category is Category.RUN:
            break
        at_us = min(at_us, p.start_us)
    return at_us


def _stop_end(pieces: Sequence[Piece], at_us: int) -> int:
    for p in pieces:
        if p.end_us < at_us:
            continue
        if p.category is Category.RUN and p.start_us >= at_us:
            break
        at_us = max(at_us, p.end_us)
        if p.category is Category.RUN:
            break
    return at_us
