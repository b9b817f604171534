"""History from CSV, into the same tables as live data: streaming, idempotent, every refused row named."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TextIO

import numpy as np

from connectors.base import MAX_TEXT_BYTES, usable
from oee.config.model import canonical_text
from oee.errors import InputError
from oee.store.database import Database
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
from oee.store.times import to_us

COLUMNS = ("ts", "machine", "signal", "value")
QUALITY = {"": 0, "good": 0, "uncertain": 0x40000000, "bad": 0x80000000}
CHUNK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be taken; ``value`` is text for text signals, a number for the others, None where it is bad."""

    line_number: int
    ts_us: int
    key: tuple[str, str, str]
    value: float | str | None
    status: int


@dataclass(slots=True)
class ImportReport:
    """What became of the rows; ``listed`` names each that was refused or lost against another value."""

    new: int = 0
    duplicate: int = 0
    rejected: int = 0
    listed: list[str] = field(default_factory=list)

    def refuse(self, line_number: int, reason: str) -> None:
        """Note a row that can't be taken."""
        self.rejected += 1
        self.listed.append(f"line {line_number}: {reason}")


class RowReader:
    """Turns CSV fields into rows, by what the applied plant knows."""

    def __init__(self, ids: Ids, now_us: int) -> None:
        self._ids, self._now_us = ids, now_us
        self._machines: dict[str, list[tuple[str, str]]] = {}
        for line, machine in ids.machines:
            self._machines.setdefault(machine, []).append((line, machine))
            self._machines[f"{line}/{machine}"] = [(line, machine)]

    def read(self, line_number: int, fields: Mapping[str, str | None]) -> Row:
        """Check one row.

        Raises
        ------
        InputError
            The row can't be taken; the text says why.
        """
        machine = self._machine(fields.get("machine") or "")
        signal = (fields.get("signal") or "").strip()
        key = (*machine, signal)
        if key not in self._ids.tags:
            known = ", ".join(s for *of, s in self._ids.tags if tuple(of) == machine)
            raise InputError(f"machine {machine[1]!r} has no signal {signal!r}; it has: {known}")
        status = _quality(fields.get("quality") or "")
        ts_us = _instant(fields.get("ts") or "")
        if ts_us > self._now_us:
            raise InputError(f"{fields.get('ts')} lies in the future")
        if ts_us < 0:
            raise InputError(f"{fields.get('ts')} lies before 1970")
        value = _value(fields.get("value") or "", signal, good=status < GOOD_LIMIT)
        return Row(line_number, ts_us, key, value, status)

    def _machine(self, name: str) -> tuple[str, str]:
        found = self._machines.get(name.strip(), [])
        if len(found) == 1:
            return found[0]
        if found:
            lines = " or ".join(f"{line}/{machine}" for line, machine in found)
            raise InputError(f"machine {name!r} is on several lines; write {lines}")
        known = ", ".join(sorted(self._machines)[:8])
        raise InputError(f"there is no machine {name!r}; machines here: {known or 'none, apply a plant file first'}")


def _instant(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{text!r} is no time; write it as 2026-03-02T06:00:00Z or with an offset") from None
    if moment.tzinfo is None:
        raise InputError(f"{text!r} has no offset; write Z or one such as +01:00 behind it")
    return to_us(moment)


def _quality(text: str) -> int:
    word = text.strip().lower()
    if word in QUALITY:
        return QUALITY[word]
    try:
        number = int(word, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 2**32:
        raise InputError(f"quality {text!r} is none; write good, uncertain, bad or an OPC UA status number")
    return number


def _value(text: str, signal: str, *, good: bool) -> float | str | None:
    """A value as its signal takes it; only a value that is not Good may be empty."""
    text = text.strip()
    if not text:
        if good:
            raise InputError("there is no value")
        return None
    if signal in TEXT_SIGNALS:
        if usable(text, 0)[0] is None:
            raise InputError(f"{text[:20]!r} is no {signal}: it holds a NUL, or more than {MAX_TEXT_BYTES} bytes")
        return _canonical(text)
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{text!r} is no number, and {signal} counts") from None
    if not isfinite(number):
        raise InputError(f"{text!r} is no finite number")
    return number


def _canonical(text: str) -> str:
    """``6.0`` and ``6`` are one state, ``True`` and ``true`` too; other words stay as they are."""
    if text.lower() in {"true", "false"}:
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return canonical_text(number) if isfinite(number) else text


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
    ids = Master(database).ids()
    reader, report = RowReader(ids, now_us), ImportReport()
    life: dict[tuple[str, str], tuple[int, int]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for chunk in _chunks(file, path, reader, report):
                _write(database, ids, chunk, report, life)
                while report.listed:
                    announce(report.listed.pop(0))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can't be read: {error}") from error
    return report


def _chunks(file: TextIO, path: Path, reader: RowReader, report: ImportReport) -> Iterator[list[Row]]:
    rows = csv.DictReader(file)
    missing = [c for c in COLUMNS if c not in (rows.fieldnames or ())]
    if missing:
        raise InputError(
            f"{path}:1: the header lacks {', '.join(missing)}; it must be ts,machine,signal,value[,quality]"
        )
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
            f"line {loser.line_number}: {'/'.join(row.key)} has another value at this instant in line "
            f"{winner.line_number}, which stays (S-11)"
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
