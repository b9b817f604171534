"""Imported rows as columns: checked row by row, kept as plain lists, judged and written as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite, nan

import numpy as np

from oee.collect.import_rows import COLUMNS, Row, RowReader
from oee.errors import InputError
from oee.kernels.intervals import Int64s
from oee.store.samples import GOOD_LIMIT, Columns, signed

Refuse = Callable[[int, str], None]
Told = tuple[int, Sequence[str]]
"""A line's number and its fields."""


@dataclass(slots=True)
class Words:
    """Texts by their place in a list that only grows: a batch holds the place, the database gives the number."""

    texts: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def place(self, text: str) -> int:
        """Place of a text, made where it is new."""
        place = self._places.setdefault(text, len(self.texts))
        if place == len(self.texts):
            self.texts.append(text)
        return place


@dataclass(slots=True)
class Batch:
    """Rows that can be taken, column by column.

    Attributes
    ----------
    lines : where each row stands in its file, counted in ``unit``.
    ts_us, tag_ids, statuses : instant [µs UTC], number of the tag, signed StatusCode.
    values : numbers; of a text signal the place in ``words``; NaN where a value is bad.
    """

    words: Words
    text_tags: frozenset[int]
    unit: str = "line"
    lines: list[int] = field(default_factory=list)
    ts_us: list[int] = field(default_factory=list)
    tag_ids: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def add(self, line: int, ts_us: int, tag_id: int, value: float, status: int) -> None:
        """Take one row."""
        self.lines.append(line)
        self.ts_us.append(ts_us)
        self.tag_ids.append(tag_id)
        self.values.append(value)
        self.statuses.append(status)

    def add_row(self, row: Row, tag_id: int) -> None:
        """Take a row as `RowReader` gives it."""
        value = float(self.words.place(row.value)) if isinstance(row.value, str) else row.value
        self.add(row.line_number, row.ts_us, tag_id, nan if value is None else value, signed(row.status))

    def winners(self) -> tuple[Columns, list[tuple[int, int]], int]:
        """One row per tag and instant, ordered by both: Good, then the greater value stays (S-11).

        Returns
        -------
        The rows that stay; (loser, winner) as indices where two differ; how many rows went.
        """
        ts, tags = np.array(self.ts_us, np.int64), np.array(self.tag_ids, np.int32)
        order = np.lexsort((ts, tags))  # stable: rows of one instant stay in the order of the file
        again = np.zeros(len(order), np.bool_)
        again[1:] = (ts[order][1:] == ts[order][:-1]) & (tags[order][1:] == tags[order][:-1])
        losers = self._judge(order, again)
        order = order[~again]
        columns = Columns(
            ts[order],
            tags[order],
            np.array(self.values, np.float64)[order],
            np.array(self.statuses, np.int32)[order],
        )
        return columns, losers, int(again.sum())

    def _judge(self, order: Int64s, again: np.ndarray) -> list[tuple[int, int]]:
        """Leave the winner of each group at its first place in ``order``."""
        losers = []
        firsts = np.maximum.accumulate(np.where(again, 0, np.arange(len(again))))
        for k in np.flatnonzero(again).tolist():
            first = int(firsts[k])
            best, other = int(order[first]), int(order[k])
            if self._said(best) == self._said(other):
                continue
            winner, loser = (other, best) if self._rank(other) > self._rank(best) else (best, other)
            order[first] = winner
            losers.append((loser, winner))
        return losers

    def _said(self, i: int) -> tuple[str, int]:
        return repr(self.values[i]), self.statuses[i]

    def _rank(self, i: int) -> tuple[bool, bool, float, str]:
        good, value = 0 <= self.statuses[i] < GOOD_LIMIT, self.values[i]
        known = value == value  # noqa: PLR0124 - NaN is not itself
        if known and self.tag_ids[i] in self.text_tags:
            return good, known, 0.0, self.words.texts[int(value)]
        return good, known, value if known else 0.0, ""


def numbered(columns: Columns, text_tags: frozenset[int], numbers: Mapping[int, int]) -> Columns:
    """Give texts the numbers that the database knows them by.

    Parameters
    ----------
    numbers : number by place in the batch's words, of all texts that it holds.
    """
    is_text = np.isin(columns.tag_id, list(text_tags)) & np.isfinite(columns.value)
    value = columns.value.copy()
    places, back = np.unique(value[is_text].astype(np.int64), return_inverse=True)
    value[is_text] = np.array([numbers[p] for p in places.tolist()], np.float64)[back]
    return Columns(columns.ts_us, columns.tag_id, value, columns.quality)


class FieldReader:
    """Reads lines of text fields into batches.

    What a machine, a signal, a quality or a text means is found out once by `RowReader`, which also has the last word
    on every line that is not plain; what was understood before is looked up.
    """

    def __init__(self, reader: RowReader, header: Sequence[str], text_tags: frozenset[int]) -> None:
        self._reader, self._header, self._text_tags = reader, list(header), text_tags
        self._ts, self._machine, self._signal, self._value = (header.index(name) for name in COLUMNS)
        self._quality = header.index("quality") if "quality" in header else None
        self._tags: dict[tuple[str, str], int] = {}
        self._statuses: dict[str, int] = {}
        self._texts: dict[tuple[int, str], float] = {}
        self.words = Words()

    def read(self, lines: Iterable[Told], refuse: Refuse) -> Batch:
        """Read lines; tell of each that can't be taken."""
        batch = Batch(self.words, self._text_tags)
        for number, fields in lines:
            try:
                self._plain(batch, number, fields)
            except (KeyError, ValueError, IndexError, OverflowError):
                self._judged(batch, number, fields, refuse)
        return batch

    def _plain(self, batch: Batch, number: int, fields: Sequence[str]) -> None:
        """Take a line whose names are known and whose value is Good; raises where it is not that plain."""
        if len(fields) != len(self._header):
            raise ValueError
        tag_id = self._tags[fields[self._machine], fields[self._signal]]
        status = self._statuses[fields[self._quality] if self._quality is not None else ""]
        moment = datetime.fromisoformat(fields[self._ts])
        ts_us = round(moment.timestamp() * 1e6)  # exact: to 2100 a double has an eighth of a microsecond
        if moment.tzinfo is None or not self._reader.kept_us <= ts_us <= self._reader.now_us:
            raise ValueError
        if tag_id in self._text_tags:
            value = self._texts[tag_id, fields[self._value]]
        elif not isfinite(value := float(fields[self._value])):
            raise ValueError
        batch.add(number, ts_us, tag_id, value, status)

    def _judged(self, batch: Batch, number: int, fields: Sequence[str], refuse: Refuse) -> None:
        try:
            self._check_cells(fields)
            row = self._reader.read(number, dict(zip(self._header, fields, strict=False)))
        except InputError as error:
            refuse(number, str(error))
            return
        tag_id = self._reader.tag(row)
        batch.add_row(row, tag_id)
        if row.status < GOOD_LIMIT:  # others may lack a value
            self._learn(batch, fields, tag_id, row)

    def _check_cells(self, fields: Sequence[str]) -> None:
        """A decimal comma, or a quote that does not end, must not pass for a value."""
        if any("\n" in field or "\r" in field for field in fields):
            raise InputError("a quoted text runs over the end of the line; is a quote not closed?")
        if len(fields) > len(self._header):
            raise InputError(f"{len(fields)} cells under a header of {len(self._header)}; quote a text with a comma")

    def _learn(self, batch: Batch, fields: Sequence[str], tag_id: int, row: Row) -> None:
        if len(fields) <= max(self._machine, self._signal, self._value, self._quality or 0):
            return
        self._tags[fields[self._machine], fields[self._signal]] = tag_id
        self._statuses[fields[self._quality] if self._quality is not None else ""] = signed(row.status)
        if isinstance(row.value, str) and len(self._texts) < MOST_TEXTS:
            self._texts[tag_id, fields[self._value]] = batch.values[-1]


MOST_TEXTS = 100_000
"""So many texts are remembered: a column of serial numbers must not fill the memory."""
