"""Parts of a minute that an edge cuts: counted anew from its samples (S-42)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from oee.compute.interpreter import rules_at
from oee.compute.loading import load
from oee.interpret import MINUTE_US, interpret
from oee.model import Cell
from oee.store.checkpoints import checkpoint_before
from oee.store.database import Session
from oee.store.facts import facts_state
from oee.store.master import Ids, Master

DECIDES_US = 86_400_000_000
"""How far past a minute samples are read: what moves a counter later than that changes little of it."""


def with_edges(
    conn: Session,
    master: Master,
    ids: Ids,
    name: tuple[str, str],
    stored: Sequence[Cell],
    edges_us: Iterable[int],
    through_us: int,
) -> list[Cell]:
    """Stored cells of a machine in order of time; a minute that an edge cuts is counted anew, cut at every edge in it.

    Where samples are gone, a minute stays whole and counts where it begins (S-55).

    Parameters
    ----------
    name : line and machine.
    through_us : how far the machine's facts reach.
    """
    cells = list(stored)
    cut_edges = [e for e in edges_us if e % MINUTE_US and e < through_us]
    for minute in {e // MINUTE_US * MINUTE_US for e in cut_edges}:
        edges = tuple(sorted(e for e in cut_edges if minute <= e < minute + MINUTE_US))
        inside = _recount(conn, master, ids, name, minute, edges)
        if inside is not None:
            cells = [c for c in cells if not minute <= c.start_us < minute + MINUTE_US] + inside
    return sorted(cells, key=attrgetter("start_us"))


def _recount(
    conn: Session, master: Master, ids: Ids, name: tuple[str, str], minute_us: int, edges_us: tuple[int, ...]
) -> list[Cell] | None:
    """Cells of one minute, cut at edges inside it: the same interpretation, from the checkpoint before.

    None where samples that this takes are gone (S-55).
    """
    machine_id = ids.machine(*name)
    rules = rules_at(master, name, minute_us)
    state = facts_state(conn, machine_id)
    if rules is None or state is None:
        return []
    end_us = min(state.through_us + 1, minute_us + DECIDES_US)
    at_us = minute_us
    while True:
        checkpoint = checkpoint_before(conn, machine_id, at_us)
        start_us = checkpoint.at_us if checkpoint else state.first_us
        if start_us < state.kept_us:
            return None
        samples = load(conn, ids, name, rules, start_us, checkpoint, end_us)
        facts = interpret(rules, samples, checkpoint, start_us, edges_us)
        if facts.reaches_back_us is None or checkpoint is None:
            return [c for c in facts.cells if minute_us <= c.start_us < minute_us + MINUTE_US]
        at_us = facts.reaches_back_us
