"""Cumulative counts → whole parts at any instant (S-7), and the counter that two others imply (S-9)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from oee.kernels.counters import Counted
from oee.kernels.intervals import Coverage, Int64s


class RunClock:
    """Run time [µs] before any instant, the measure over which counts rise (S-7).

    Before its start only the ``anchors`` are known: the last breakpoint of each counter, with the run time from there
    to the start.
    """

    def __init__(
        self, starts: Int64s, ends: Int64s, anchors: Mapping[int, int] | None = None, origin_us: int = 0
    ) -> None:
        self._coverage = Coverage(starts, ends)
        known = sorted((anchors or {}).items())
        self._origin_us = origin_us
        self._anchor_ts = np.array([ts for ts, _ in known], np.int64)
        self._anchor_run = np.array([run for _, run in known], np.int64)

    def at(self, ts_us: Int64s) -> Int64s:
        """Run µs before each instant, negative before the start."""
        run = self._coverage.before(ts_us)
        if len(self._anchor_ts):
            k = np.minimum(np.searchsorted(self._anchor_ts, ts_us), len(self._anchor_ts) - 1)
            anchored = (ts_us < self._origin_us) & (self._anchor_ts[k] == ts_us)
            run = np.where(anchored, -self._anchor_run[k], run)
        return run


def floor_at(counted: Counted, edges_us: Int64s, clock: RunClock, factor: Fraction) -> Int64s:
    """⌊C(t)⌋ at each edge (S-7): between breakpoints the count rises evenly over run time (or the gap, if none).

    Parameters
    ----------
    counted : breakpoints of the counter, at least one.
    edges_us : int64[m], instants.
    clock : run time before any instant.
    factor : parts per unit, exact.

    Returns
    -------
    int64[m] whole parts since the first sample.
    """
    return divided_at(counted, edges_us, clock, factor)[0]


def divided_at(
    counted: Counted, edges_us: Int64s, clock: RunClock, factor: Fraction
) -> tuple[Int64s, np.ndarray, np.ndarray]:
    """C(t) at each edge, exact: whole parts, and the rest as numerator and denominator; see `floor_at`."""
    at = np.searchsorted(counted.ts_us, edges_us, side="right") - 1
    i = np.maximum(at, 0)
    nxt = np.minimum(i + 1, len(counted.ts_us) - 1)
    rise = np.where(counted.step[nxt] | (at < 0), 0, counted.total[nxt] - counted.total[i])
    run = clock.at(counted.ts_us[i])
    whole, before = clock.at(counted.ts_us[nxt]) - run, clock.at(edges_us) - run
    never = whole <= 0
    whole = np.where(never, counted.ts_us[nxt] - counted.ts_us[i], whole)
    before = np.where(never, edges_us - counted.ts_us[i], before)
    return _divided(counted.total[i], rise, np.maximum(before, 0), np.maximum(whole, 1), factor)


def _divided(
    base: Int64s, rise: Int64s, before: Int64s, whole: Int64s, factor: Fraction
) -> tuple[Int64s, np.ndarray, np.ndarray]:
    """(base + rise · before / whole) · factor: Python's integers take over where int64 could overflow."""
    p, q = factor.numerator, factor.denominator
    largest = (int(np.abs(rise).max(initial=0)) * p + q) * int(whole.max(initial=1))
    if max(largest, int(np.abs(base).max(initial=0)) * p) >= 2**62:
        base, rise, before, whole = (a.astype(object) for a in (base, rise, before, whole))
    parts, rest = base * p // q, base * p % q
    above, of = rest * whole + rise * before * p, q * whole
    return (parts + above // of).astype(np.int64), above % of, of
