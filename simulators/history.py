"""History, fast: what a by-exception collector would have stored of a plant, for weeks in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulators.log import Ints, MachineLog
from simulators.model import Plant

BLOCK_TICKS = 86_400
DEAD = -1
"""Stands for a value that dead sensors do not give; no signal shows it."""
COUNTERS = frozenset({"good", "reject", "total"})


class Row(NamedTuple):
    """One stored sample; None is a Bad one."""

    ts_us: int
    machine: str
    signal: str
    value: int | str | None


class _Column(NamedTuple):
    """Stored samples of one signal of one machine: times and values of one length."""

    log: MachineLog
    signal: str
    ts_us: Ints
    value: Ints

    @property
    def rows(self) -> list[tuple[str, str, int | str | None]]:
        """Machine, signal and value of each sample, worded as the machine words them."""
        words = {value: self.log.worded(self.signal, value) for value in set(self.value.tolist())} | {DEAD: None}
        return [(self.log.spec.id, self.signal, words[value]) for value in self.value.tolist()]


def history(plant: Plant, start_us: int, end_us: int, interval_s: float) -> Iterator[Row]:
    """Yield what a collector that polls every `interval_s` would have stored, sorted by time.

    Polls are at ``start_us + k * interval`` before `end_us`. A value is stored when it differs from the poll before.
    Of counters, the last unchanged value before a change is stored too, if it is more than one poll old: a line through
    the stored samples then is never off by more than one poll interval. Dead sensors give a Bad sample at the first
    poll that meets them, and good ones at the first poll after.

    Parameters
    ----------
    plant : Plant
        Is advanced to `end_us`; it goes on from there.
    start_us, end_us : int
        The time in question ``[start_us, end_us)`` [µs UTC], not before the plant's beginning.
    interval_s : float
        Poll interval [s].
    """
    if start_us < plant.start_us:
        raise ValueError(f"The plant begins at {plant.start_us} µs: there is no history at {start_us} µs")
    plant.advance(end_us)
    interval_us = round(interval_s * 1e6)
    tick_count = -(-(end_us - start_us) // interval_us)
    for first in range(0, tick_count, BLOCK_TICKS):
        last = min(first + BLOCK_TICKS, tick_count)
        # one tick before the block and one after it, where they exist, to see what changes at its edges
        ticks = np.arange(max(first - 1, 0), min(last + 1, tick_count), dtype=np.int64) * interval_us + start_us
        inner = slice(min(first, 1), min(first, 1) + last - first)
        columns = [column for log in plant.logs.values() for column in _stored(log, ticks, inner, first == 0)]
        yield from _merged(columns)


def write_csv(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as a sample file for import (``ts,machine,signal,value,quality``); return how many."""
    count = 0
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("ts,machine,signal,value,quality\n")
        for count, (ts_us, machine, signal, value) in enumerate(rows, start=1):  # noqa: B007 - the count is wanted after
            told = ",bad" if value is None else f"{value},"
            file.write(f"{_iso(ts_us)},{machine},{signal},{told}\n")
    return count


def _stored(log: MachineLog, ticks: Ints, inner: slice, is_first_block: bool) -> Iterator[_Column]:
    shown, is_dead = log.signals(ticks), log.is_dead(ticks)
    for signal in log.spec.signals:
        value = np.where(is_dead, DEAD, shown[signal])
        is_changed = np.diff(value, prepend=value[0]) != 0
        is_changed[0] |= is_first_block
        is_stored = is_changed.copy()
        if signal in COUNTERS:
            is_stored[:-1] |= is_changed[1:] & ~is_dead[:-1]
        kept = is_stored[inner]
        yield _Column(log, signal, ticks[inner][kept], value[inner][kept])


def _merged(columns: list[_Column]) -> Iterator[Row]:
    """Yield the rows of all columns by time; at one time in the order of the columns."""
    ts_us = np.concatenate([column.ts_us for column in columns])
    rows = [row for column in columns for row in column.rows]
    order = np.argsort(ts_us, kind="stable")
    for at_us, index in zip(ts_us[order].tolist(), order.tolist(), strict=True):
        yield Row(at_us, *rows[index])


def _iso(ts_us: int) -> str:
    """Return a time [µs UTC] as RFC 3339."""
    return f"{np.datetime64(ts_us, 'us')}Z"
