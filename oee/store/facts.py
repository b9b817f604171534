"""Facts of one machine: read for the calculation, replaced from a checkpoint on by the interpretation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from psycopg import Connection

from oee.interpret import Facts
from oee.kernels.products import ProductRun
from oee.kernels.states import Piece
from oee.model import Category, Cell, CounterDecision
from oee.store.arrays import array, binary_rows, moments
from oee.store.checkpoints import put_checkpoints
from oee.store.database import Database, Row, copy_rows, fetch, fetch_one, run
from oee.store.times import FAR_US, from_us, to_us


@dataclass(frozen=True, slots=True)
class FactsState:
    """How far a machine's facts reach: first and last instant, until when the last claim holds, the rules used.

    ``kept_us`` is from where on samples are kept: of facts before it they are gone (S-55).
    """

    first_us: int
    through_us: int
    hold_until_us: int
    rules: str
    kept_us: int = -FAR_US


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """Facts as they stand over a range."""

    pieces: list[Piece]
    cells: list[Cell]
    decisions: list[CounterDecision]
    runs: list[ProductRun] = field(default_factory=list)


def facts_state(conn: Connection[Row], machine_id: int) -> FactsState | None:
    """How far a machine's facts reach; None before the first."""
    row = fetch_one(conn, "facts/state", machine_id=machine_id)
    if row is None:
        return None
    kept_us = -FAR_US if row[4] is None else to_us(row[4])
    return FactsState(to_us(row[0]), to_us(row[1]), row[2], row[3], kept_us)


def set_facts_state(conn: Connection[Row], machine_id: int, state: FactsState) -> None:
    """Write how far a machine's facts reach."""
    run(
        conn,
        "facts/set_state",
        machine_id=machine_id,
        first=from_us(state.first_us),
        through=from_us(state.through_us),
        hold_until_us=state.hold_until_us,
        rules=state.rules,
    )


def read_facts(conn: Connection[Row], machine_id: int, start_us: int, end_us: int) -> StoredFacts:
    """Facts that reach into ``[start, end)``; pieces and products are whole, cells and decisions start in it."""
    claims = read_claims(conn, machine_id, start_us, end_us)
    params = {"machine_id": machine_id, "from": from_us(start_us), "to": from_us(end_us)}
    cells = sorted(_read_cells(conn, params), key=attrgetter("start_us"))
    decisions = [CounterDecision(to_us(at), *rest) for at, *rest in fetch(conn, "facts/decisions", **params)]
    return StoredFacts(claims.pieces, cells, decisions, claims.runs)


def _read_cells(conn: Connection[Row], params: dict[str, Any]) -> Iterator[Cell]:
    """Cells by what was made; within that in any order."""
    for product, order, starts, ends, *counts in binary_rows(conn, "facts/cells", **params):
        made = tuple(None if text is None else text.decode() for text in (product, order))
        columns = (moments(starts), moments(ends), *(array(n, ">i8") for n in counts))
        for row in zip(*(c.tolist() for c in columns), strict=True):
            yield Cell(*row, *made)


def read_claims(conn: Connection[Row], machine_id: int, start_us: int, end_us: int) -> StoredFacts:
    """Pieces and products alone, as `read_facts` reads them."""
    params = {"machine_id": machine_id, "from": from_us(start_us), "to": from_us(end_us)}
    pieces = [
        Piece(to_us(a), to_us(b), Category(category), state, reason, setup, unmapped)
        for a, b, category, state, reason, setup, unmapped in fetch(conn, "facts/pieces", **params)
    ]
    runs = [ProductRun(to_us(at), *rest) for at, *rest in fetch(conn, "facts/runs", **params)]
    return StoredFacts(pieces, [], [], runs)


def replace_facts(conn: Connection[Row], machine_id: int, facts: Facts) -> None:
    """Replace everything from the run's start on, in the caller's transaction; a claim that goes on stays one row."""
    start = from_us(facts.start_us)
    at = {"machine_id": machine_id, "at": start, "to": from_us(FAR_US)}
    run(conn, "facts/trim", machine_id=machine_id, at=start)
    for name in ("pieces", "cells", "decisions", "runs", "checkpoints"):
        run(conn, f"facts/delete_{name}", **at)
    pieces = _join(conn, machine_id, facts.pieces)
    copy_rows(
        conn,
        "facts/copy_pieces",
        [
            (
                machine_id,
                from_us(p.start_us),
                from_us(p.end_us),
                int(p.category),
                p.state,
                p.reason,
                p.setup,
                p.unmapped,
            )
            for p in pieces
        ],
    )
    copy_rows(
        conn,
        "facts/copy_cells",
        [
            (
                machine_id,
                from_us(c.start_us),
                from_us(c.end_us),
                c.total_count,
                c.good_count,
                c.reject_count,
                c.rework_count,
                c.product,
                c.order,
            )
            for c in facts.cells
        ],
    )
    copy_rows(
        conn,
        "facts/copy_decisions",
        [(machine_id, from_us(d.at_us), d.signal, d.kind, d.amount, d.why) for d in facts.decisions],
    )
    runs = [(machine_id, from_us(r.start_us), r.product, r.order, r.change) for r in facts.runs]
    copy_rows(conn, "facts/copy_runs", runs)
    put_checkpoints(conn, machine_id, [c for c in facts.checkpoints if c.at_us > facts.start_us])


def _join(conn: Connection[Row], machine_id: int, pieces: Sequence[Piece]) -> Sequence[Piece]:
    """Let the stored claim before the start go on where the first new one says the same."""
    if not pieces:
        return pieces
    first = pieces[0]
    joined = run(
        conn,
        "facts/join",
        machine_id=machine_id,
        at=from_us(first.start_us),
        end=from_us(first.end_us),
        category=int(first.category),
        state=first.state,
        reason=first.reason,
        setup=first.setup,
        unmapped=first.unmapped,
    )
    return pieces[1:] if joined else pieces


def run_before_us(conn: Connection[Row], machine_id: int, at_us: int) -> int | None:
    """The newest instant up to ``at`` [µs] at which the machine ran: no standstill reaches across it."""
    row = fetch_one(conn, "facts/run_before", machine_id=machine_id, at=from_us(at_us))
    return to_us(row[0]) if row and row[0] is not None else None


def unknown_before_us(conn: Connection[Row], machine_id: int, since_us: int, at_us: int) -> int | None:
    """The newest instant in ``[since, at]`` [µs] up to which there was no data for over a day."""
    row = fetch_one(conn, "facts/unknown_before", machine_id=machine_id, since=from_us(since_us), at=from_us(at_us))
    return to_us(row[0]) if row and row[0] is not None else None


def run_after_us(conn: Connection[Row], machine_id: int, at_us: int) -> int | None:
    """Start of the first run after an instant [µs]."""
    row = fetch_one(conn, "facts/run_after", machine_id=machine_id, at=from_us(at_us))
    return to_us(row[0]) if row and row[0] is not None else None


def last_change_us(conn: Connection[Row], machine_id: int, after_us: int, to_us_: int) -> int | None:
    """The newest change of product or order in ``(after, to]`` [µs]."""
    row = fetch_one(conn, "facts/last_change", machine_id=machine_id, after=from_us(after_us), to=from_us(to_us_))
    return to_us(row[0]) if row and row[0] is not None else None


def mark_outdated(database: Database, rules: str) -> None:
    """Have machines whose facts were made by other rules told anew from their first sample on."""
    with database.transaction() as conn:
        run(conn, "facts/mark_outdated", rules=rules)


def kept_from(database: Database) -> dict[int, int]:
    """From where on samples are kept [µs UTC], by machine, of those whose older ones were dropped (S-55)."""
    with database.transaction() as conn:
        return kept_in(conn)


def kept_in(conn: Connection[Row]) -> dict[int, int]:
    """`kept_from` as a transaction sees it: nothing is dropped behind its back once it has written a sample."""
    return {machine_id: to_us(since) for machine_id, since in fetch(conn, "samples/kept_from")}
