"""Algebra of half-open intervals on int64 µs arrays: sorted, disjoint starts and ends."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]


def distinct(ts_us: Int64s) -> Int64s:
    """Instants in order, each once; like `np.unique`, which hashes, but quick where much is in order already."""
    ordered = np.sort(ts_us, kind="stable")
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def union(starts: Int64s, ends: Int64s) -> tuple[Int64s, Int64s]:
    """Merge intervals that overlap or touch; points (start = end) stay as points unless covered.

    Parameters
    ----------
    starts, ends : int64[n] in any order, ``starts <= ends``.
    """
    if len(starts) == 0:
        return starts, ends
    order = np.argsort(starts, kind="stable")
    s, e = starts[order], np.maximum.accumulate(ends[order])
    first = np.concatenate(([True], s[1:] > e[:-1]))
    last = np.concatenate((first[1:], [True]))
    return s[first], e[last]


def subtract(starts: Int64s, ends: Int64s, cut: Iterable[tuple[int, int]]) -> tuple[Int64s, Int64s]:
    """Remove the stretches ``cut`` from sorted disjoint intervals."""
    pieces = list(zip(starts.tolist(), ends.tolist(), strict=True))
    for c0, c1 in cut:
        kept = []
        for a, b in pieces:
            if b < c0 or a >= c1:
                kept.append((a, b))
                continue
            if a < c0:
                kept.append((a, c0))
            if b > c1:
                kept.append((c1, b))
        pieces = kept
    return (np.array([p[0] for p in pieces], np.int64), np.array([p[1] for p in pieces], np.int64))


class Coverage:
    """Covered time before any instant, for sorted disjoint intervals: one search, no loop."""

    def __init__(self, starts: Int64s, ends: Int64s) -> None:
        self._starts = starts
        self._lengths = ends - starts
        self._before = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._lengths)))

    def before(self, at_us: Int64s) -> Int64s:
        """Covered µs in ``(-∞, at)`` for each instant, int64[m]."""
        i = np.searchsorted(self._starts, at_us, side="right")
        k = np.maximum(i - 1, 0)
        if len(self._starts) == 0:
            return np.zeros(len(at_us), np.int64)
        inside = np.minimum(at_us - self._starts[k], self._lengths[k])
        return np.where(i == 0, 0, self._before[k] + inside)


def value_at(ts_us: Int64s, values: Int64s, at_us: Int64s, before: int) -> Int64s:
    """The value in force at each instant: that of the last sample at or before it, ``before`` where there is none."""
    if len(ts_us) == 0:
        return np.full(len(at_us), before, np.int64)
    i = np.searchsorted(ts_us, at_us, side="right") - 1
    return np.where(i < 0, before, values[np.maximum(i, 0)])
