"""History from CSV, into the same tables as live data: streaming, idempotent, every refused row named."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from oee.collect.import_batch import Batch, FieldReader, numbered
from oee.collect.import_rows import COLUMNS, HEADER, RowReader
from oee.errors import InputError
from oee.store.database import Database, Session
from oee.store.facts import kept_from, kept_in
from oee.store.life import add_alive
from oee.store.master import Ids, Master
from oee.store.samples import IMPORT_SOURCE, TEXT_SIGNALS, Columns, insert_import, intern, mark_dirty

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
    """Import a file; running it again changes nothing. Memory holds three chunks, however large the file is.

    Parameters
    ----------
    announce : told each refused row as it is met.

    Raises
    ------
    InputError
        The file can't be read, or its header is not the one of the contract.
    """
    ids, report = applied_ids(database), ImportReport()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            batches = _batches(file, path, RowReader(ids, now_us, kept_from(database)), text_tags(ids), report)
            write_batches(database, ids, batches, report, announce)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not written in UTF-8 ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror or error}") from error
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


def text_tags(ids: Ids) -> frozenset[int]:
    """Numbers of the tags whose values are names."""
    return frozenset(tag for (*_, signal), tag in ids.tags.items() if signal in TEXT_SIGNALS)


def _batches(
    file: TextIO, path: Path, reader: RowReader, texts: frozenset[int], report: ImportReport
) -> Iterator[Batch]:
    rows = csv.reader(file)
    header = next(rows, [])
    missing = [c for c in COLUMNS if c not in header]
    if missing:
        raise InputError(f"{path}:1: the header lacks {', '.join(missing)}; it must be {HEADER}, in small letters")
    fields = FieldReader(reader, header, texts)
    lines = _numbered(rows, path)
    for first in lines:  # line by line: a list of so many rows would keep the garbage collector busy
        yield fields.read(chain([first], islice(lines, CHUNK_ROWS - 1)), report.refuse)


def _numbered(rows: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from ((rows.line_num, row) for row in rows if row)
    except csv.Error as error:
        what = f"{path}:{rows.line_num}: {error}: a quote here or before is not closed; the rows before it are in"
        raise InputError(what) from error


def write_batches(
    database: Database, ids: Ids, batches: Iterable[Batch], report: ImportReport, announce: Callable[[str], None]
) -> None:
    """Write batches, a transaction each: the next is read while the database takes the one before."""

    def tell() -> None:
        while report.listed:
            announce(report.listed.pop(0))

    writer = _Writer(database, ids)
    with ThreadPoolExecutor(1) as other:
        writing = None
        for batch in batches:
            if writing is not None:
                writing.result().add_to(report)
            tell()
            writing = other.submit(writer.write, batch)
        if writing is not None:
            writing.result().add_to(report)
    tell()


@dataclass(frozen=True, slots=True)
class _Written:
    """What became of a batch; ``listed`` are values that lost against another."""

    new: int
    duplicate: int
    listed: list[str]

    def add_to(self, report: ImportReport) -> None:
        report.new += self.new
        report.duplicate += self.duplicate
        report.listed += self.listed


class _Writer:
    """Writes batches; life is proven from each machine's first row to its last (contract)."""

    def __init__(self, database: Database, ids: Ids) -> None:
        self._database, self._ids, self._texts = database, ids, text_tags(ids)
        self._names = {tag: "/".join(key) for key, tag in ids.tags.items()}
        self._machine = {tag: ids.machines[line, machine] for (line, machine, _), tag in ids.tags.items()}
        self._life: dict[int, tuple[int, int]] = {}
        self._numbers: dict[int, int] = {}

    def write(self, batch: Batch) -> _Written:
        """One batch in one transaction: samples, proof of life, dirty marks."""
        columns, losers, gone = batch.winners()
        listed = [self._lost(batch, *pair) for pair in losers]
        spans = self._spans(columns)
        with self._database.transaction() as conn:
            self._intern(conn, batch, columns)
            new, conflicts = insert_import(conn, numbered(columns, self._texts, self._numbers), self._texts)
            self._refuse_gone(conn, columns)
            for machine, span in sorted(spans.items()):
                add_alive(conn, machine, IMPORT_SOURCE, *span)
            mark_dirty(conn, {machine: self._news_us(machine, columns) for machine in spans})
        self._life |= spans
        listed += [
            f"{self._names[tag]} at {ts.isoformat()} has two values; Good, then the greater stays (S-11)"
            for tag, ts, *_ in conflicts
        ]
        return _Written(new, gone + len(columns.ts_us) - new, listed)

    def _refuse_gone(self, conn: Session, columns: Columns) -> None:
        """Refuse a batch that reaches to where samples are no longer kept since the file was begun (S-55)."""
        kept_us = kept_in(conn)
        tags, first = np.unique(columns.tag_id, return_index=True)
        for tag, ts_us in zip(tags.tolist(), columns.ts_us[first].tolist(), strict=True):
            if ts_us < kept_us.get(self._machine[tag], ts_us):
                raise InputError(
                    f"raw samples of {self._names[tag].rsplit('/', 1)[0]} were dropped while this was read"
                    " (`retention_days`): import it again, which names the rows that are too old"
                )

    def _lost(self, batch: Batch, loser: int, winner: int) -> str:
        name, unit = self._names[batch.tag_ids[loser]], batch.unit
        return (
            f"{unit} {batch.lines[loser]}: {name} has another value at this instant "
            f"in {unit} {batch.lines[winner]}, which stays (S-11)"
        )

    def _spans(self, columns: Columns) -> dict[int, tuple[int, int]]:
        """First and last instant so far of each machine in the batch; its rows are ordered by tag and time."""
        tags, first = np.unique(columns.tag_id, return_index=True)
        last = np.append(first[1:], len(columns.tag_id))[: len(first)] - 1
        spans: dict[int, tuple[int, int]] = {}
        for tag, a, b in zip(tags.tolist(), columns.ts_us[first].tolist(), columns.ts_us[last].tolist(), strict=True):
            machine = self._machine[tag]
            known = spans.get(machine) or self._life.get(machine, (a, b))
            spans[machine] = (min(known[0], a), max(known[1], b))
        return spans

    def _news_us(self, machine: int, columns: Columns) -> int:
        """From where on a batch tells something new of a machine: its first row, and the life proven since the last."""
        mine = np.isin(columns.tag_id, [tag for tag, of in self._machine.items() if of == machine])
        first_us = int(columns.ts_us[mine].min())
        before = self._life.get(machine)
        return first_us if before is None else min(first_us, before[1])

    def _intern(self, conn: Session, batch: Batch, columns: Columns) -> None:
        """Have a number for every text of the batch."""
        held = columns.value[np.isin(columns.tag_id, list(self._texts)) & np.isfinite(columns.value)]
        new = [place for place in np.unique(held.astype(np.int64)).tolist() if place not in self._numbers]
        found = intern(conn, [batch.words.texts[place] for place in new])
        self._numbers |= {place: found[batch.words.texts[place]] for place in new}
