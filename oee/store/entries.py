"""What people and order systems enter: append-only; an undo is an entry that names another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import Connection
from psycopg.types.json import Jsonb

from oee.errors import NotFoundError
from oee.store.database import Row, fetch, fetch_one
from oee.store.times import from_us, to_us

Kind = Literal[
    "reason", "split", "merge", "booking", "product", "order", "order_event", "exception", "targets", "undo", "note"
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes
    ----------
    number : its id; None until it is stored.
    line_id, machine_id : what it is about; None for the whole plant, or the whole line.
    from_us, to_us : the time that it says something of [µs UTC]; `to_us` None is one instant, or no end.
    said : the entry's own words, plain JSON; the module that reads a kind knows them.
    undoes : number of the entry that this one undoes.
    author, entered_us, why : who, when, and the reason given.
    """

    kind: Kind
    said: Mapping[str, Any]
    author: str
    entered_us: int
    line_id: int | None = None
    machine_id: int | None = None
    from_us: int | None = None
    to_us: int | None = None
    undoes: int | None = None
    why: str | None = None
    number: int | None = None


def add_entry(conn: Connection[Row], entry: Entry) -> int:
    """Store an entry; return its number."""
    row = fetch(
        conn,
        "entries/add",
        kind=entry.kind,
        line_id=entry.line_id,
        machine_id=entry.machine_id,
        said=Jsonb(dict(entry.said)),
        undoes=entry.undoes,
        author=entry.author,
        entered_at=from_us(entry.entered_us),
        why=entry.why,
        **_range(entry.from_us, entry.to_us),
    )
    return int(row[0][0])


def entries_of(
    conn: Connection[Row],
    kinds: Sequence[Kind],
    *,
    line_id: int | None = None,
    machine_id: int | None = None,
    from_us: int | None = None,
    to_us: int | None = None,
) -> list[Entry]:
    """Entries that hold, oldest first: of these kinds, of a line or machine if named, that touch ``[from, to)``."""
    rows = fetch(
        conn,
        "entries/of",
        kinds=list(kinds),
        line_id=line_id,
        machine_id=machine_id,
        **_range(from_us, to_us),
    )
    return [_entry(row) for row in rows]


def one_entry(conn: Connection[Row], number: int) -> tuple[Entry, bool]:
    """One entry, and whether it still holds.

    Raises
    ------
    NotFoundError
        No such entry.
    """
    row = fetch_one(conn, "entries/one", entry_id=number)
    if row is None:
        raise NotFoundError(f"there is no entry {number}")
    return _entry(row[:-1]), bool(row[-1])


def listed_entries(
    conn: Connection[Row], line_id: int, from_us: int, to_us: int, after: int, limit: int
) -> list[tuple[Entry, int | None]]:
    """What was entered about a line, or the whole plant, and touches a range; and by which entry it was undone.

    Parameters
    ----------
    after, limit : only entries numbered above ``after``, at most so many.
    """
    rows = fetch(conn, "entries/listed", line_id=line_id, after=after, limit=limit, **_range(from_us, to_us))
    return [(_entry(row[:-1]), row[-1]) for row in rows]


def lock_entries(conn: Connection[Row], machine_id: int) -> None:
    """Let nobody else enter anything about a machine until this transaction ends."""
    fetch(conn, "entries/lock_machine", machine_id=machine_id)


def lock_line_entries(conn: Connection[Row], line_id: int) -> None:
    """Let nobody else book anything on a line until this transaction ends."""
    fetch(conn, "entries/lock_line", line_id=line_id)


def booking_with(conn: Connection[Row], line_id: int, said: Mapping[str, Any]) -> int | None:
    """Number of the newest booking of a line that holds and says all of this; None where none does."""
    row = fetch_one(conn, "entries/booking_with", line_id=line_id, said=Jsonb(dict(said)))
    return None if row is None else int(row[0])


def _entry(row: Row) -> Entry:
    number, kind, line_id, machine_id, start, end, said, undoes, author, at, why = row
    return Entry(
        kind,
        said,
        author,
        to_us(at),
        line_id,
        machine_id,
        None if start is None else to_us(start),
        None if end is None else to_us(end),
        undoes,
        why,
        number,
    )


def _range(start_us: int | None, end_us: int | None) -> dict[str, Any]:
    return {
        "from": None if start_us is None else from_us(start_us),
        "to": None if end_us is None else from_us(end_us),
    }
