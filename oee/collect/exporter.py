"""History into CSV or Parquet, as the import takes it: what is exported here can be imported there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from oee.collect.import_parquet import pyarrow
from oee.errors import InputError
from oee.store.database import Database
from oee.store.export import exported
from oee.store.master import Master
from oee.store.times import FAR_US

BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which samples: of a line, of one of its machines, of ``[from, to)`` [µs UTC]; by itself, all."""

    line: str | None = None
    machine: str | None = None
    from_us: int = -FAR_US
    to_us: int = FAR_US


def export(database: Database, path: Path, wanted: Wanted) -> int:
    """Write samples to a file, as Parquet where its name ends so, else as CSV; return how many.

    Raises
    ------
    InputError
        The file can't be written, a machine is named without its line, or pyarrow is missing.
    NotFoundError
        No such line or machine.
    """
    write = _write_parquet if path.suffix.lower() == ".parquet" else _write_csv
    try:
        return write(path, _pieces(database, wanted))
    except OSError as error:
        raise InputError(f"{path}: can't be written: {error.strerror or error}") from error


def _pieces(database: Database, wanted: Wanted) -> Iterator[bytes]:
    ids = Master(database).ids()
    if wanted.machine is not None and wanted.line is None:
        raise InputError("--machine needs --line, since lines may have machines of one name")
    line = None if wanted.line is None else ids.line(wanted.line)
    machine = None if wanted.line is None or wanted.machine is None else ids.machine(wanted.line, wanted.machine)
    with database.snapshot() as conn:
        yield from exported(conn, line, machine, wanted.from_us, wanted.to_us)


def _write_csv(path: Path, pieces: Iterator[bytes]) -> int:
    header = next(pieces)  # before the file is opened: a wrong name must not leave an empty one
    count = 0
    with path.open("wb") as file:
        file.write(header)
        for row in pieces:
            file.write(row)
            count += 1
    return count


def _write_parquet(path: Path, pieces: Iterator[bytes]) -> int:
    arrow, parquet = pyarrow()
    rows = csv.reader(line for row in pieces for line in row.decode().splitlines(keepends=True))
    header = next(rows)
    kinds = {name: arrow.timestamp("us", "UTC") if name == "ts" else arrow.string() for name in header}
    schema, count = arrow.schema(list(kinds.items())), 0
    with parquet.ParquetWriter(path, schema) as file:
        while batch := list(islice(rows, BATCH_ROWS)):
            columns = zip(header, zip(*batch, strict=True), strict=True)
            arrays = [_column(arrow, name, cells) for name, cells in columns]
            file.write_batch(arrow.record_batch(arrays, schema=schema))
            count += len(batch)
    return count


def _column(arrow: Any, name: str, cells: tuple[str, ...]) -> Any:
    texts = arrow.array(cells, arrow.string())
    return texts.cast(arrow.timestamp("us", "UTC")) if name == "ts" else texts
