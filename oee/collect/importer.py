"""History from CSV, into the same tables as live data: streaming, idempotent, every refused row named."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from oee.collect.import_rows import COLUMNS, HEADER, Row, RowReader
from oee.errors import InputError
from oee.store.database import Database
from oee.store.facts import kept_from
from oee.store.life import add_alive
from oee.store.master import Ids, Master
from oee.store.samples import (
    GOOD_LIMIT,
    IMPORT_SOURCE,
    TEXT_SIGNALS,
    Columns,
    insert_import,
    intern,
    mark_dirty,
    signed,
)

CHUNK_ROWS = 50_000


@dataclass(slots=True)
class ImportReport:
    """What became of the rows; ``listed`` names each that was refused or lost against another value.

    ``unit`` is what the file's rows are counted in: lines of text, or rows.
    """

    new: int = 0
    duplicate: int = 0
    rejected: int = 0
    listed: list[str] = field(default_factory=list)
    unit: str = "line"

    def refuse(self, line_number: int, reason: str) -> None:
        """Note a row that can't be taken."""
        self.rejected += 1
        self.listed.append(f"{self.unit} {line_number}: {reason}")


def import_csv(database: Database, path: Path, now_us: int, announce: Callable[[str], None]) -> ImportReport:
    """Import a file; running it again changes nothing.

    Parameters
    ----------
    announce : told each refused row as it is met.

    Raises
    ------
    InputError
        The file can't be read, or its header is not the one of the contract.
    """
    ids = applied_ids(database)
    reader, report = RowReader(ids, now_us, kept_from(database)), ImportReport()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            write_chunks(database, ids, _chunks(file, path, reader, report), report, announce)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can't be read: {error}") from error
    return report


def applied_ids(database: Database) -> Ids:
    """What samples may name.

    Raises
    ------
    InputError
        No plant is applied yet.
    """
    ids = Master(database).ids()
    if not ids.machines:
        raise InputError("no plant is applied yet, so no machine is known; run `oee apply PLANT.yaml` first")
    return ids


def write_chunks(
    database: Database, ids: Ids, chunks: Iterable[list[Row]], report: ImportReport, announce: Callable[[str], None]
) -> None:
    """Write checked rows, a transaction a chunk; life is proven from each machine's first row to its last."""
    life: dict[tuple[str, str], tuple[int, int]] = {}
    for chunk in chunks:
        _write(database, ids, chunk, report, life)
        while report.listed:
            announce(report.listed.pop(0))


def _chunks(file: TextIO, path: Path, reader: RowReader, report: ImportReport) -> Iterator[list[Row]]:
    rows = csv.DictReader(file)
    missing = [c for c in COLUMNS if c not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{path}:1: the header lacks {', '.join(missing)}; it must be {HEADER}")
    chunk: list[Row] = []
    for fields in rows:
        try:
            chunk.append(reader.read(rows.line_num, fields))
        except InputError as error:
            report.refuse(rows.line_num, str(error))
        if len(chunk) >= CHUNK_ROWS:
            yield chunk
            chunk = []
    yield chunk


def _write(
    database: Database, ids: Ids, chunk: list[Row], report: ImportReport, life: dict[tuple[str, str], tuple[int, int]]
) -> None:
    """One chunk in one transaction: samples, proof of life from the first row to the last (contract), dirty marks."""
    if not chunk:
        return
    kept = _winners(chunk, report)
    earliest: dict[tuple[str, str], int] = {}
    for row in chunk:
        machine = row.key[:2]
        a, b = life.get(machine, (row.ts_us, row.ts_us))
        life[machine] = (min(a, row.ts_us), max(b, row.ts_us))
        earliest[machine] = min(row.ts_us, earliest.get(machine, row.ts_us))
    with database.transaction() as conn:
        symbols = intern(conn, [r.value for r in kept if isinstance(r.value, str)])
        texts = frozenset(tag for (*_, signal), tag in ids.tags.items() if signal in TEXT_SIGNALS)
        new, conflicts = insert_import(conn, _columns(kept, ids, symbols), texts)
        report.new += new
        report.duplicate += len(kept) - new
        numbers = {tag: "/".join(key) for key, tag in ids.tags.items()}
        report.listed += [
            f"{numbers[tag]} at {ts.isoformat()} has two values; Good, then the greater stays (S-11)"
            for tag, ts, *_ in conflicts
        ]
        for machine in earliest:
            add_alive(conn, ids.machines[machine], IMPORT_SOURCE, *life[machine])
        mark_dirty(conn, {ids.machines[machine]: life[machine][0] for machine in earliest})


def _winners(chunk: list[Row], report: ImportReport) -> list[Row]:
    """One row per tag and instant: Good, then the greater value; the loser is listed (S-11)."""
    best: dict[tuple[tuple[str, str, str], int], Row] = {}
    for row in chunk:
        key = (row.key, row.ts_us)
        other = best.get(key)
        if other is None:
            best[key] = row
            continue
        report.duplicate += 1
        if (other.value, other.status) == (row.value, row.status):
            continue
        winner, loser = (row, other) if _rank(row) > _rank(other) else (other, row)
        best[key] = winner
        report.listed.append(
            f"{report.unit} {loser.line_number}: {'/'.join(row.key)} has another value at this instant "
            f"in {report.unit} {winner.line_number}, which stays (S-11)"
        )
    return list(best.values())


def _rank(row: Row) -> tuple[bool, bool, float, str]:
    good = row.status < GOOD_LIMIT
    if isinstance(row.value, str):
        return good, True, 0.0, row.value
    return good, row.value is not None, row.value or 0.0, ""


def _columns(rows: list[Row], ids: Ids, symbols: Mapping[str, int]) -> Columns:
    def number(value: float | str | None) -> float:
        if value is None:
            return float("nan")
        return float(symbols[value]) if isinstance(value, str) else value

    return Columns(
        np.array([r.ts_us for r in rows], np.int64),
        np.array([ids.tags[r.key] for r in rows], np.int32),
        np.array([number(r.value) for r in rows], np.float64),
        np.array([signed(r.status) for r in rows], np.int32),
    )
