"""A change rehearsed: which published shifts it would revise, and how, by doing it and taking it back.

All is done as it would be done, in one transaction that is rolled back: instances laid out, machines read anew, shifts
computed and compared by their fingerprints. So the answer is exact. Workers are not stopped: nothing is touched in the
ledger but the rows of shifts that the change lays out otherwise, and a machine that is read anew is held, which workers
pass by. How many shifts are computed is bounded, the newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oee.compute.following import Change, Touched
from oee.compute.interpreter import tell_anew
from oee.compute.rolled import Look, all_results, every_machine
from oee.model import ShiftResult
from oee.store.database import fetch, fetch_one
from oee.store.documents import fingerprint, result_document
from oee.store.facts import facts_state
from oee.store.instances import StoredInstance, instances_over
from oee.store.results import LINE, published

MOST_SHIFTS = 400
"""How many shifts a rehearsal computes: some seconds of work."""


@dataclass(frozen=True, slots=True)
class ShiftChange:
    """A shift that would get a new revision; ``before`` is None where it has none yet.

    ``machine`` is None for the line, and names the machine where only its own figures change.
    """

    machine: str | None
    before: ShiftResult | None
    after: ShiftResult
    cause: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a change would do: shifts that change, newest first; how many were looked at, and whether that was all."""

    shifts: tuple[ShiftChange, ...] = ()
    looked_at: int = 0
    is_whole: bool = True


def rehearse(look: Look, touched: Sequence[Touched], change: Change, limit: int = MOST_SHIFTS) -> Rehearsal:
    """Compute what a change touches and compare it with what is published.

    Parameters
    ----------
    look : in a transaction that has done the change and will be rolled back, with the master data that it sees.
    """
    due: list[tuple[StoredInstance, Touched]] = []
    for t in touched:
        spans = [*t.spans, *_told_anew(look, t)]
        stored = {s.instance_id: s for span in spans for s in _over(look, t.line, span, limit + 1)}
        due += [(s, t) for s in stored.values()]
    due.sort(key=lambda pair: pair[0].instance.start_us, reverse=True)
    changes = [c for s, t in due[:limit] for c in _changes(look, s, t, change.cause)]
    return Rehearsal(tuple(changes), min(len(due), limit), len(due) <= limit)


def _told_anew(look: Look, touched: Touched) -> Iterable[tuple[int, int]]:
    """Read machines anew, one after another in the order in which they are held; stretches in which facts differ."""
    numbered = sorted((look.ids.machine(touched.line, m), m, us) for m, us in touched.reread)
    for machine_id, machine, since_us in numbered:
        fetch(look.conn, "facts/hold", machine_id=machine_id)
        state = facts_state(look.conn, machine_id)
        if state is None or state.through_us < since_us:
            continue
        name = (touched.line, machine)
        from_us = max(since_us, state.first_us)
        span, _ = tell_anew(look.conn, look.master, look.ids, name, from_us, look.now_us)
        if span is not None:
            yield span


def _over(look: Look, line: str, span_us: tuple[int, int], limit: int) -> list[StoredInstance]:
    """Instances that overlap a stretch and are over, newest first."""
    return instances_over(look.conn, line, look.ids.line(line), *span_us, look.now_us, limit)


def _changes(look: Look, stored: StoredInstance, touched: Touched, cause: str) -> list[ShiftChange]:
    """What of one shift would be revised: the line, or else machines."""
    found = every_machine(look, stored)
    results = all_results(look, found, stored.instance) if found else {}
    changed: list[ShiftChange] = []
    for number, result in results.items():
        newest = fetch_one(look.conn, "results/newest", instance_id=stored.instance_id, machine_id=number)
        if newest is None and stored.instance.key not in touched.new:
            continue  # not computed yet: its first revision is no change
        if newest is None or newest[2] != fingerprint(result_document(result), result.definition):
            before = published(look.conn, stored.instance_id, number) if newest else None
            changed.append(ShiftChange(result.machine, before, result, cause))
        if number == LINE and changed:
            break
    return changed
