"""What explanations ask for beside the results themselves: revisions of a shift, entries about its time (S-53)."""

from __future__ import annotations

from oee.errors import NotFoundError
from oee.evidence import PastRevision, SaidEntry
from oee.store.database import Row, Session, fetch, fetch_one
from oee.store.documents import LISTS, result_of
from oee.store.results import kpi_id
from oee.store.times import from_us, to_us


def history(conn: Session, instance_id: int, machine_id: int) -> list[PastRevision]:
    """All published revisions of one (instance, machine), oldest first: elements and flags, without the lists."""
    rows = fetch(conn, "results/history", instance_id=instance_id, machine_id=machine_id, left_out=list(LISTS))
    return [
        PastRevision(
            result_of(
                document,
                result_id=kpi_id(instance_id, machine_id, revision),
                status=status,
                revision=revision,
                computed_us=to_us(computed),
                definition=definition,
                cause=cause,
            ),
            author,
        )
        for revision, status, computed, definition, cause, author, document in rows
    ]


def line_of_instance(conn: Session, instance_id: int) -> str:
    """The line of a shift instance.

    Raises
    ------
    NotFoundError
        There is no such instance.
    """
    row = fetch_one(conn, "instances/line_of", instance_id=instance_id)
    if row is None:
        raise NotFoundError(f"there is no shift numbered {instance_id}")
    return str(row[0])


def entries_about(conn: Session, line_id: int, machine_id: int | None, start_us: int, end_us: int) -> list[SaidEntry]:
    """All that was entered about a line's, or a machine's, time in ``[start, end)``, oldest first; undone ones too."""
    span = {"from": from_us(start_us), "to": from_us(end_us)}
    return [_said(row) for row in fetch(conn, "entries/touching", line_id=line_id, machine_id=machine_id, **span)]


def _said(row: Row) -> SaidEntry:
    number, kind, machine, start, end, said, author, entered, why, undo, undoer, undone = row
    return SaidEntry(
        number,
        kind,
        machine,
        None if start is None else to_us(start),
        None if end is None else to_us(end),
        said,
        author,
        to_us(entered),
        why,
        None if undo is None else (undo, undoer, to_us(undone)),
    )
