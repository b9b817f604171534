"""Results: immutable revisions, status events beside them, live results, and the ledger of what is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from oee.glance import glance
from oee.model import ShiftResult
from oee.store.database import Row, fetch, fetch_one, run
from oee.store.documents import LISTS, fingerprint, result_document, result_of
from oee.store.glances import glance_text
from oee.store.times import FAR_US, from_us, to_us

LINE = 0
"""The machine number under which a line's own results stand."""


@dataclass(frozen=True, slots=True)
class DueShift:
    """A ledger row that is to be computed, locked by this transaction."""

    instance_id: int
    start_us: int
    end_us: int
    status: str
    cause: str
    input_version: int
    done_version: int
    author: str | None = None


def claim_due(
    conn: Connection[Row],
    line_id: int,
    watermark_us: int,
    final_before_us: int,
    skip: Sequence[int],
    span_us: tuple[int, int] = (-FAR_US, FAR_US),
) -> DueShift | None:
    """Lock one due shift of a line that nobody else is at, the newest first (R18, R19).

    Parameters
    ----------
    watermark_us : shifts that end later are not closed yet (S-50).
    final_before_us : provisional shifts that end before may become final.
    skip : instances already looked at in this round.
    span_us : only shifts that overlap it.
    """
    row = fetch_one(
        conn,
        "ledger/claim",
        line_id=line_id,
        watermark=from_us(watermark_us),
        final_before=from_us(final_before_us),
        skip=list(skip),
        **{"from": from_us(span_us[0]), "to": from_us(span_us[1])},
    )
    return DueShift(row[0], to_us(row[1]), to_us(row[2]), *row[3:]) if row else None


def touch(
    conn: Connection[Row], line_id: int, start_us: int, end_us: int, cause: str, author: str | None = None
) -> int:
    """Have the shifts of a line that overlap ``[start, end)`` computed again (S-52); return how many.

    Parameters
    ----------
    cause, author : why, and whose entry asks for it; a new revision tells both (S-51).
    """
    span = {"from": from_us(start_us), "to": from_us(end_us)}
    return run(conn, "ledger/touch", line_id=line_id, cause=cause, author=author, **span)


def claim_live(conn: Connection[Row], instance_id: int) -> bool:
    """Lock a running instance's ledger row; False where another worker is at it, or it is published already (R18)."""
    return fetch_one(conn, "ledger/claim_live", instance_id=instance_id) is not None


def publish(
    conn: Connection[Row], instance_id: int, machine_id: int, result: ShiftResult, cause: str, author: str | None = None
) -> int:
    """Write a new revision, unless the newest one says the same (S-51). The caller holds the shift's ledger row.

    Revisions become visible in the order of their numbers, so that who follows them misses none: publishing holds a
    lock until its transaction ends.

    Returns
    -------
    The number of the result that stands.
    """
    document = result_document(result)
    print_ = fingerprint(document, result.definition)
    newest = fetch_one(conn, "results/newest", instance_id=instance_id, machine_id=machine_id)
    if newest and newest[2] == print_:
        return int(newest[0])
    run(conn, "results/lock")
    row = fetch(
        conn,
        "results/add",
        instance_id=instance_id,
        machine_id=machine_id,
        revision=newest[1] + 1 if newest else 1,
        computed_at=from_us(result.computed_us),
        fingerprint=print_,
        definition=result.definition,
        cause=cause if newest else "shift closed",
        author=author if newest else None,
        document=Jsonb(document, dumps=json.dumps),
    )
    return int(row[0][0])


def set_status(conn: Connection[Row], result_id: int, status: str, at_us: int) -> None:
    """Record a status event beside the revision (S-50)."""
    run(conn, "results/set_status", result_id=result_id, status=status, at=from_us(at_us))


def close_due(conn: Connection[Row], due: DueShift, status: str) -> None:
    """The work of a ledger row is done; its live results go."""
    run(conn, "ledger/done", instance_id=due.instance_id, version=due.input_version, status=status)
    run(conn, "results/drop_live", instance_id=due.instance_id)


def put_live(conn: Connection[Row], instance_id: int, machine_id: int, result: ShiftResult) -> None:
    """Overwrite the live result."""
    run(
        conn,
        "results/set_live",
        instance_id=instance_id,
        machine_id=machine_id,
        computed_at=from_us(result.computed_us),
        definition=result.definition,
        document=Jsonb(result_document(result), dumps=json.dumps),
        glance=glance_text(glance(result)) if machine_id == LINE else None,
    )


def live_result(conn: Connection[Row], instance_id: int, machine_id: int) -> ShiftResult | None:
    """The live result of one (instance, machine)."""
    row = fetch_one(conn, "results/live", instance_id=instance_id, machine_id=machine_id)
    if row is None:
        return None
    return _result(instance_id, machine_id, "live", None, to_us(row[0]), row[1], "live", row[2])


def published(
    conn: Connection[Row], instance_id: int, machine_id: int, revision: int | None = None
) -> ShiftResult | None:
    """One revision, the newest where none is named; None if there is none."""
    row = fetch_one(conn, "results/one", instance_id=instance_id, machine_id=machine_id, revision=revision)
    if row is None:
        return None
    number, status, computed, definition, cause, document = row
    return _result(instance_id, machine_id, status, number, to_us(computed), definition, cause, document)


def published_range(
    conn: Connection[Row], line_id: int, machine_id: int, start_us: int, end_us: int, *, brief: bool = False
) -> dict[int, ShiftResult]:
    """Newest revisions of the instances that start in ``[start, end)``, by instance number.

    Parameters
    ----------
    brief : elements and flags only, without the lists that they come from: what sums need.
    """
    params = {"line_id": line_id, "machine_id": machine_id, "from": from_us(start_us), "to": from_us(end_us)}
    rows = fetch(conn, "results/range", left_out=list(LISTS) if brief else [], **params)
    return {
        number: _result(number, machine_id, status, revision, to_us(computed), definition, cause, document)
        for number, revision, status, computed, definition, cause, document in rows
    }


def published_before(conn: Connection[Row], line_id: int, name: str, start_us: int) -> ShiftResult | None:
    """The newest revision of the newest planned shift of a name that starts before an instant, in the last 30 days."""
    params = {"before": from_us(start_us), "since": from_us(start_us - 30 * 86_400_000_000)}
    row = fetch_one(conn, "results/same_before", line_id=line_id, name=name, **params)
    if row is None:
        return None
    number, revision, status, computed, definition, cause, document = row
    return _result(number, LINE, status, revision, to_us(computed), definition, cause, document)


def revisions(conn: Connection[Row], instance_id: int) -> list[tuple[int, str, int, str, str | None]]:
    """All revisions of a line's shift: number, status, computed [µs], cause, author."""
    rows = fetch(conn, "results/revisions", instance_id=instance_id)
    return [(number, status, to_us(at), cause, author) for number, status, at, cause, author in rows]


def kpi_id(instance_id: int, machine_id: int, revision: int | None) -> str:
    """The id by which answers name a result of a shift."""
    return f"{instance_id}-{machine_id}-{revision or 'live'}"


def _result(
    instance_id: int,
    machine_id: int,
    status: str,
    revision: int | None,
    computed_us: int,
    definition: str,
    cause: str,
    document: dict[str, Any],
) -> ShiftResult:
    return result_of(
        document,
        result_id=kpi_id(instance_id, machine_id, revision),
        status=status,
        revision=revision,
        computed_us=computed_us,
        definition=definition,
        cause=cause,
    )
