"""What of the time changed between facts as they stood and as they are told anew (S-52)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from oee.interpret import Facts
from oee.kernels.products import ProductRun
from oee.kernels.states import Piece, extend, merge
from oee.model import Category, Cell
from oee.store.facts import FactsState, StoredFacts
from oee.store.times import FAR_US

DECIDED_US = 86_400_000_000
NOTHING = StoredFacts([], [], [])


def held_difference(before: FactsState | None, old: StoredFacts, new: Facts, now_us: int) -> list[tuple[int, int]]:
    """Spans up to now of which the facts told otherwise by the claim that held after the last proof of life (S-26)."""
    since_us = before.through_us if before else new.start_us
    told = [extend(new.pieces, new.through_us, new.hold_until_us, now_us)]
    told.append(extend(old.pieces, before.through_us, before.hold_until_us, now_us) if before else [])
    tails = [[replace(p, start_us=max(p.start_us, since_us)) for p in merge(t) if p.end_us > since_us] for t in told]
    return [(p.start_us, p.end_us) for p in set(tails[0]) ^ set(tails[1])]


def touched_range(
    old: StoredFacts, new: Facts, held: Sequence[tuple[int, int]] = (), standstill: StoredFacts = NOTHING
) -> tuple[int, int] | None:
    """The stretch in which facts differ, widened to the standstills that it reaches into; None if nothing does.

    A standstill that has lasted more than a day is no small stop, whatever comes: going on, it touches no shift before.
    A change of product or order touches all of it, however long it is (S-25), and so does what splits or joins one with
    such a change in it. ``held`` is what `held_difference` finds, ``standstill`` what stands of the one that the new
    facts start in, up to them.
    """
    before = [replace(p, start_us=max(p.start_us, new.start_us)) for p in old.pieces]
    stood = [*_difference(before, new.pieces), *held]
    changed = [*stood, *_difference(old.cells, new.cells)]
    changed += [(d.at_us, d.at_us + 1) for d in set(old.decisions) ^ set(new.decisions)]
    made = _made_otherwise(old.runs, new.runs, new.start_us)
    whole = [min(a for a, _ in made)] if made else []
    sides = [_after(standstill, old.pieces, old.runs), _after(standstill, new.pieces, new.runs)]
    pieces = sides[1].pieces
    if stood and old.pieces and _divides_a_changeover(sides, min(a for a, _ in stood), old.pieces[-1].end_us):
        whole.append(min(a for a, _ in stood))
    touched = [_stop_start(pieces, at_us) for at_us in whole]
    if changed:
        touched.append(_undecided_since(pieces, min(a for a, _ in changed)))
    return (min(touched), _stop_end(pieces, max(b for _, b in changed + made))) if touched else None


def _after(standstill: StoredFacts, pieces: Sequence[Piece], runs: Sequence[ProductRun]) -> StoredFacts:
    return StoredFacts([*standstill.pieces, *pieces], [], [], [*standstill.runs, *runs])


def _divides_a_changeover(sides: Sequence[StoredFacts], at_us: int, old_end_us: int) -> bool:
    """Whether pieces that differ from an instant on may split or join a standstill with a change in it (S-25).

    What only goes on after the end of the old facts does neither.
    """
    if at_us >= old_end_us:
        return False
    start_us = _stop_start(sides[1].pieces, at_us)
    return any(r.change and start_us <= r.start_us <= _stop_end(s.pieces, at_us) for s in sides for r in s.runs)


def _undecided_since(pieces: Sequence[Piece], at_us: int) -> int:
    """Start of the standstill around an instant; the instant itself where it, or no_data, has lasted a day by then.

    Time without data may lie in a break and not divide, so what stood up to a day before is touched as well.
    """
    since_us, unknown = at_us, None
    for p in reversed(pieces):
        if p.start_us >= at_us:
            continue
        if p.category is Category.RUN or unknown not in (None, p.category is Category.NO_DATA):
            break
        since_us, unknown = p.start_us, p.category is Category.NO_DATA
    if at_us - since_us > DECIDED_US:
        return at_us
    return max(_stop_start(pieces, at_us), since_us - DECIDED_US)


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
    """Start of the stretch without run that an instant lies in or ends."""
    for p in reversed(pieces):
        if p.start_us >= at_us:
            continue
        if p.category is Category.RUN:
            break
        at_us = min(at_us, p.start_us)
    return at_us


def _stop_end(pieces: Sequence[Piece], at_us: int) -> int:
    """End of the stretch without run that an instant lies in or starts."""
    for p in pieces:
        if p.end_us <= at_us:
            continue
        if p.category is Category.RUN and p.start_us >= at_us:
            break
        at_us = max(at_us, p.end_us)
        if p.category is Category.RUN:
            break
    return at_us
