"""Samples in and out: binary COPY on the way in, arrays on the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Protocol

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import Connection

from oee.config.model import canonical_text
from oee.store.database import Database, Row, fetch, run, run_many
from oee.store.life import AliveRow, GapRow, machine_key, write_life
from oee.store.master import Ids, Master
from oee.store.series import symbol_texts
from oee.store.skews import SkewRow, write_skews
from oee.store.sql import query
from oee.store.times import PG_EPOCH_US, from_us, to_us

TEXT_SIGNALS = frozenset({"state", "mode", "fault", "product", "order"})
"""Signals whose values are names, whatever the device sends: 6, 6.0 and "6" are the same state."""
GOOD_LIMIT = 0x40000000
"""OPC UA StatusCodes below this are Good; as signed 32-bit numbers, Bad ones are negative."""
IMPORT_SOURCE = "import"

_ROW = np.dtype([
    ("fields", ">i2"), ("l_ts", ">i4"), ("ts", ">i8"), ("l_tag", ">i4"), ("tag", ">i4"),
    ("l_value", ">i4"), ("value", ">f8"), ("l_quality", ">i4"), ("quality", ">i4"),
])  # fmt: skip
_COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
_COPY_TAIL = b"\xff\xff"


class SampleRow(Protocol):
    """A sample as the spool and the import hand it over."""

    @property
    def key(self) -> str:
        """``line/machine/signal``."""

    @property
    def ts_us(self) -> int:
        """Event time [µs UTC]."""

    @property
    def value(self) -> float | int | str | bool | None:
        """None where the quality is Bad."""

    @property
    def status(self) -> int:
        """32-bit StatusCode."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples as arrays: int64 times [µs], int32 tag numbers, float64 values, int32 signed StatusCodes."""

    ts_us: NDArray[np.int64]
    tag_id: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.int32]

    def buffer(self) -> bytes:
        """The rows as one binary COPY stream."""
        rows = np.empty(len(self.ts_us), _ROW)
        rows["fields"] = 4
        rows["l_ts"], rows["l_tag"], rows["l_value"], rows["l_quality"] = 8, 4, 8, 4
        rows["ts"], rows["tag"] = self.ts_us - PG_EPOCH_US, self.tag_id
        rows["value"], rows["quality"] = self.value, self.quality
        return _COPY_HEAD + rows.tobytes() + _COPY_TAIL

    def unique(self) -> Columns:
        """One row per (tag, instant): the first."""
        _, first = np.unique(np.stack((self.tag_id.astype(np.int64), self.ts_us)), axis=1, return_index=True)
        first.sort()
        return Columns(self.ts_us[first], self.tag_id[first], self.value[first], self.quality[first])


def signed(status: int) -> int:
    """A 32-bit StatusCode as the signed number that the column holds."""
    return status - 2**32 if status >= 2**31 else status


def intern(conn: Connection[Row], texts: Iterable[str]) -> dict[str, int]:
    """Numbers of text values, made where they are new."""
    wanted = sorted(set(texts))
    found: dict[str, int] = dict(fetch(conn, "samples/symbols", texts=wanted)) if wanted else {}
    if len(found) < len(wanted):
        run(conn, "samples/add_symbols", texts=[t for t in wanted if t not in found])
        found = dict(fetch(conn, "samples/symbols", texts=wanted))
    return found


def insert(conn: Connection[Row], columns: Columns) -> int:
    """Write samples idempotently: straight COPY, and through a stage only if some are there already.

    Returns
    -------
    The number of rows that were new.
    """
    columns = columns.unique()
    if len(columns.ts_us) == 0:
        return 0
    buffer = columns.buffer()
    try:
        with conn.transaction():
            _copy(conn, "samples/copy", buffer)
        return len(columns.ts_us)
    except psycopg.errors.UniqueViolation:
        stage(conn, buffer)
        return run(conn, "samples/merge_stage")


def insert_import(conn: Connection[Row], columns: Columns, text_tags: frozenset[int]) -> tuple[int, list[Row]]:
    """Write imported samples, one per tag and instant: straight, or through a stage if some are there already.

    Where an instant holds another value, Good and then the greater value wins (S-11).

    Returns
    -------
    How many were new, and the conflicts as (tag, time, value, quality, value before, quality before).
    """
    buffer = columns.buffer()
    try:
        with conn.transaction():
            _copy(conn, "samples/copy", buffer)
        return len(columns.ts_us), []
    except psycopg.errors.UniqueViolation:
        stage(conn, buffer)
    conflicts = fetch(conn, "samples/conflicts")
    for tag, ts, value, quality, old_value, old_quality in conflicts:
        if _rank(conn, value, quality, tag in text_tags) > _rank(conn, old_value, old_quality, tag in text_tags):
            run(conn, "samples/replace", tag_id=tag, ts=ts, value=value, quality=quality)
    return run(conn, "samples/merge_stage"), conflicts


def _rank(conn: Connection[Row], value: float, quality: int, is_text: bool) -> tuple[bool, bool, float, str]:
    """Order of values at one instant: Good first, known, then greater; texts by their letters."""
    good, known = 0 <= quality < GOOD_LIMIT, value == value  # noqa: PLR0124 - NaN is not itself
    if is_text and known:
        return good, known, 0.0, symbol_texts(conn, [int(value)])[int(value)]
    return good, known, value if known else 0.0, ""


def stage(conn: Connection[Row], buffer: bytes) -> None:
    """Put rows beside the table, for a merge."""
    conn.execute("DROP TABLE IF EXISTS sample_stage")
    run(conn, "samples/stage")
    _copy(conn, "samples/copy_stage", buffer)


def _copy(conn: Connection[Row], name: str, buffer: bytes) -> None:
    with conn.cursor().copy(query(name).encode()) as copy:
        copy.write(buffer)


class SampleStore:
    """The sink of the drain, and the reader of the interpretation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: Ids | None = None

    def write(
        self,
        samples: Sequence[SampleRow],
        alive: Sequence[AliveRow],
        gaps: Sequence[GapRow] = (),
        skews: Sequence[SkewRow] = (),
    ) -> None:
        """Write one batch of the spool in one committed transaction: samples, life, gaps, watermarks, dirty marks.

        So are ``skews``, which tell of samples of the same batch, or of the next.

        Raises
        ------
        DatabaseUnavailable
            Nothing was acknowledged; the batch can be written again as it is (R2).
        """
        ids = self._known(samples, [*alive, *gaps, *skews])
        with self._database.transaction() as conn:
            insert(conn, _columns(conn, samples, ids))
            write_life(conn, alive, gaps, ids.machines)
            write_skews(conn, skews, ids.machines)
            _mark(conn, _earliest(samples, alive, ids))

    def _known(self, samples: Sequence[SampleRow], life: Sequence[AliveRow | GapRow | SkewRow]) -> Ids:
        """Numbers for all that the batch names; made where no plant file that names it was applied yet."""
        keys = {_tag_key(s.key) for s in samples}
        machines = {machine_key(m) for record in life for m in record.machines} | {key[:2] for key in keys}
        if self._ids is None or not _are_known(self._ids, machines, keys):
            self._ids = Master(self._database).ids()
        if not _are_known(self._ids, machines, keys):
            self._add(machines, keys)
            self._ids = Master(self._database).ids()
        return self._ids

    def _add(self, machines: set[tuple[str, str]], keys: set[tuple[str, str, str]]) -> None:
        """Committed before the samples: numbers that are remembered here must outlive a batch that fails."""
        with self._database.transaction() as conn:
            run(conn, "master/lock")
            for line in sorted({line for line, _ in machines}):
                run(conn, "master/add_line", id=line)
            for line, machine in sorted(machines):
                run(conn, "master/add_machine", line=line, machine=machine)
            for line, machine, signal in sorted(keys):
                run(conn, "master/add_tag", line=line, machine=machine, signal=signal)


def _tag_key(name: str) -> tuple[str, str, str]:
    line, machine, signal = name.split("/")
    return line, machine, signal


def _are_known(ids: Ids, machines: set[tuple[str, str]], keys: set[tuple[str, str, str]]) -> bool:
    return machines <= ids.machines.keys() and keys <= ids.tags.keys()


def _columns(conn: Connection[Row], samples: Sequence[SampleRow], ids: Ids) -> Columns:
    """Arrays of a batch."""
    keyed = [(s, _tag_key(s.key)) for s in samples]
    texts = {canonical_text(s.value) for s, k in keyed if k[2] in TEXT_SIGNALS and s.value is not None}
    symbols = intern(conn, texts)
    return Columns(
        np.array([s.ts_us for s, _ in keyed], np.int64),
        np.array([ids.tags[k] for _, k in keyed], np.int32),
        np.array([_number(s, k[2], symbols) for s, k in keyed], np.float64),
        np.array([signed(s.status) for s, _ in keyed], np.int32),
    )


def _number(sample: SampleRow, signal: str, symbols: Mapping[str, int]) -> float:
    value = sample.value
    if value is None:
        return nan
    if signal in TEXT_SIGNALS:
        return float(symbols[canonical_text(value)])
    try:
        number = float(value)
    except ValueError:  # a device that serves text where the plant file says a count: kept as a sample without a value
        return nan
    return number if isfinite(number) else nan


def _earliest(samples: Sequence[SampleRow], alive: Sequence[AliveRow], ids: Ids) -> dict[int, int]:
    """Earliest new instant per machine number."""
    earliest: dict[int, int] = {}
    marks = [(s.key.rsplit("/", 1)[0], s.ts_us) for s in samples]
    marks += [(m, a.from_us) for a in alive for m in a.machines]
    for name, us in marks:
        number = ids.machines[machine_key(name)]
        earliest[number] = min(us, earliest.get(number, us))
    return earliest


def _mark(conn: Connection[Row], earliest: Mapping[int, int]) -> None:
    """In order of the machines' numbers, so that two writers never wait for each other in a circle."""
    rows = [{"machine_id": m, "from": from_us(us)} for m, us in sorted(earliest.items())]
    run_many(conn, "samples/mark_dirty", rows)


mark_dirty = _mark


def delivered_through_us(database: Database) -> list[int]:
    """Watermark of every source that ever delivered [µs UTC]."""
    return [to_us(at) for _, at in database.rows("samples/progress_all")]
