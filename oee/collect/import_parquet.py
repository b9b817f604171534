"""History from Parquet: the rows of the CSV import, typed, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from oee.collect.import_batch import Batch, Words
from oee.collect.import_rows import COLUMNS, HEADER, Field, RowReader
from oee.collect.importer import CHUNK_ROWS, ImportReport, applied_ids, text_tags, write_batches
from oee.errors import InputError
from oee.store.database import Database
from oee.store.facts import kept_from

_BUFFER_BYTES = 1 << 20
"""Pages are read as they are needed, not a whole row group at once."""


def import_parquet(database: Database, path: Path, now_us: int, announce: Callable[[str], None]) -> ImportReport:
    """Import a file; running it again changes nothing. Memory holds one batch, however large the file is.

    Parameters
    ----------
    announce : told each refused row as it is met.

    Raises
    ------
    InputError
        pyarrow is missing, the file can't be read, or its columns are not those of the contract.
    """
    arrow, parquet = pyarrow()
    ids = applied_ids(database)
    report = ImportReport(unit="row")
    try:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
            columns = _columns(arrow, file.schema_arrow, path)
            batches = _batches(
                arrow, file, columns, RowReader(ids, now_us, kept_from(database)), text_tags(ids), report
            )
            write_batches(database, ids, batches, report, announce)
    except (OSError, arrow.ArrowException) as error:
        reason = str(error).strip().partition("\n")[0]
        taken = f"; {report.new + report.duplicate} rows before that are in" if report.new + report.duplicate else ""
        raise InputError(f"{path}: can't be read as Parquet: {reason}{taken}") from error
    return report


def pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet part; raises `InputError` where it is not installed."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise InputError("Parquet needs pyarrow, which is not installed: pip install pyarrow") from None


def _columns(arrow: Any, schema: Any, path: Path) -> list[str]:
    """The columns to read, their types checked: what no row can mend is refused at once."""
    missing = [name for name in COLUMNS if name not in schema.names]
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; the columns are {HEADER}")
    twice = [name for name in _WANTED if schema.names.count(name) > 1]
    if twice:
        raise InputError(f"{path}: has column {', '.join(twice)} twice; keep one")
    columns = [*COLUMNS, *(["quality"] if "quality" in schema.names else [])]
    for name in columns:
        kind = schema.field(name).type
        if arrow.types.is_dictionary(kind):
            kind = kind.value_type
        if name == "ts" and arrow.types.is_timestamp(kind) and kind.tz is None:
            raise InputError(
                f"{path}: column ts has no time zone; write it as a timestamp in UTC, or as text with offset"
            )
        if not _fits(arrow.types, name, kind):
            raise InputError(f"{path}: column {name} is {kind}; it must be {_WANTED[name]}")
    return columns


_WANTED = {
    "ts": "a timestamp with time zone, or text",
    "machine": "text",
    "signal": "text",
    "value": "numbers or text",
    "quality": "text or whole numbers",
}


def _fits(types: Any, name: str, kind: Any) -> bool:
    texts = (types.is_string, types.is_large_string, types.is_string_view, types.is_null)
    also = {
        "ts": (types.is_timestamp,),
        "value": (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean),
        "quality": (types.is_integer,),
    }
    return any(fits(kind) for fits in (*texts, *also.get(name, ())))


def _batches(
    arrow: Any, file: Any, columns: list[str], reader: RowReader, texts: frozenset[int], report: ImportReport
) -> Iterator[Batch]:
    number, words = 0, Words()
    for rows in file.iter_batches(batch_size=CHUNK_ROWS, columns=columns):
        batch = Batch(words, texts, report.unit)
        for fields in zip(*(_cells(arrow, rows.column(name)) for name in columns), strict=True):
            number += 1
            try:
                row = reader.read(number, dict(zip(columns, fields, strict=True)))
            except InputError as error:
                report.refuse(number, str(error))
            else:
                batch.add_row(row, reader.tag(row))
        yield batch


def _cells(arrow: Any, column: Any) -> list[Field]:
    """Values of a column as Python has them; instants as µs UTC, cut to whole ones, decimals as numbers."""
    if arrow.types.is_timestamp(column.type):
        column = column.cast(arrow.timestamp("us", "UTC"), safe=False).cast(arrow.int64())
    elif arrow.types.is_decimal(column.type):
        column = column.cast(arrow.float64())
    cells: list[Field] = column.to_pylist()
    return cells
