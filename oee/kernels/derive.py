"""States without a state signal (S-21): a counter that moves says run, one that has stood still for long a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from oee.kernels.counters import Counted
from oee.kernels.intervals import Int64s
from oee.kernels.states import UNKNOWN, Series
from oee.model import Category

RUNNING, STANDING = "running", "standing"
DERIVED = MappingProxyType({RUNNING: Category.RUN, STANDING: Category.UNPLANNED_STOP})
"""The words of a derived state, and what they mean."""
NO_LIMIT = -1
"""No ideal cycle and no poll interval: nobody can tell how long a running counter may stand."""


@dataclass(frozen=True, slots=True)
class ByCounter:
    """How long a counter may stand while its machine runs: ``max(k × ideal × parts per count, 2 × poll interval)``."""

    k: int
    parts_per_count: Fraction
    poll_us: int

    def limit_us(self, ideal_us: Fraction | None) -> int:
        """The limit at an ideal cycle [µs per part]; `NO_LIMIT` where there is none."""
        limit = max(int((ideal_us or 0) * self.k * self.parts_per_count), 2 * self.poll_us)
        return limit or NO_LIMIT


@dataclass(frozen=True, slots=True)
class Moves:
    """Increments of the counters in order of time: seen at ``ts_us``, ``counts`` since the sample at ``since_us``."""

    since_us: Int64s
    ts_us: Int64s
    counts: Int64s

    @staticmethod
    def of(counted: Iterable[Counted], units_per_count: int) -> Moves:
        """All increments of counters, a whole count at least each."""
        found = []
        for c in counted:
            rise = np.diff(c.total)
            up = np.flatnonzero(rise > 0)
            found.append(np.stack((c.ts_us[up], c.ts_us[up + 1], np.maximum(rise[up] // units_per_count, 1))))
        rows = np.concatenate(found, axis=1) if found else np.empty((3, 0), np.int64)
        since, ts, counts = rows[:, np.argsort(rows[1], kind="stable")]
        return Moves(since, ts, counts)

    def after(self, silences: Sequence[tuple[int, int]]) -> Moves:
        """Begin anew where life returned, if something was made meanwhile: what a silence was is S-26's to say."""
        since, ts, counts = self.since_us, self.ts_us, self.counts
        for start_us, end_us in silences:
            if ((since <= start_us) & (end_us <= ts) & (counts > 0)).any():
                at = int(np.searchsorted(ts, end_us))
                since, ts, counts = (np.insert(x, at, v) for x, v in ((since, start_us), (ts, end_us), (counts, 0)))
        return Moves(since, ts, counts)

    def first_us(self, limit_us: Int64s) -> Int64s:
        """From when on each increment says that the machine ran: from when it was seen, as a rule.

        Samples may lie further apart than the limit. Counts rise evenly between samples (S-7), so if each of them came
        within the limit, it ran since the one before. Up to the start of a silence it may have stood at most.
        """
        gap = self.ts_us - self.since_us
        evenly = (gap > limit_us) & (gap <= self.counts * limit_us)
        return np.where(evenly | (self.counts == 0), self.since_us, self.ts_us)


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived state: a series of `RUNNING` and `STANDING` (as ``words`` number them), and what of it is decided.

    The n stretches each begin with an increment (the first with the run), at ``starts_us``; the machine stood in them
    until ``until_us`` where ``stands``, the last up to ``end_us``; no later sample changes that from ``decided_us`` on.
    """

    series: Series
    starts_us: Int64s
    until_us: Int64s
    end_us: int
    stands: NDArray[np.bool_]
    decided_us: Int64s

    def is_decided(self, at_us: Int64s) -> NDArray[np.bool_]:
        """Whether no later sample changes what is said of the time before each instant."""
        k = np.searchsorted(self.starts_us, at_us, side="right") - 1
        decided: NDArray[np.bool_] = (k >= 0) & (at_us >= self.decided_us[np.maximum(k, 0)])
        return decided

    def is_idle(self, at_us: int) -> bool:
        """Whether the counters had stood still for long at an instant."""
        k = int(np.searchsorted(self.starts_us, at_us, side="right")) - 1
        return k >= 0 and bool(self.stands[k]) and at_us < int(self.until_us[k])


def derive(
    moves: Moves,
    limit_of: Callable[[Int64s], Int64s],
    span_us: tuple[int, int],
    words: tuple[int, int],
    *,
    idle: bool | None = None,
    silences: Sequence[tuple[int, int]] = (),
) -> Derived:
    """Run until no increment for longer than the limit; the stop then starts at the last increment (S-21).

    Parameters
    ----------
    moves : increments after the start.
    limit_of : limits at instants [µs], by the product in force there; `NO_LIMIT` where nobody can tell.
    span_us : the first sample, or where the run starts; the end of what is known.
    words : symbol indices of `RUNNING` and `STANDING`.
    idle : whether it stood at the start, as an earlier run decided; None is not known.
    silences : stretches without proof of life.
    """
    running, standing = words
    moves = moves.after(silences)
    starts = np.concatenate((np.array([span_us[0]], np.int64), moves.ts_us))
    limit = limit_of(starts)
    until = np.maximum(np.append(moves.first_us(limit_of(moves.ts_us)), span_us[1]), starts)
    stands = until - starts > limit
    if idle is not None and len(moves.ts_us) + int(idle):
        stands[0] = idle
    until[:-1] = np.where(stands[:-1] & (moves.counts == 0), moves.ts_us, until[:-1])
    said = np.where(limit == NO_LIMIT, UNKNOWN, np.where(stands, standing, running))
    again = np.flatnonzero(until[:-1] < moves.ts_us)
    ts = np.concatenate((starts, until[again]))
    symbol = np.concatenate((said, np.full(len(again), running, np.int64)))
    order = np.argsort(ts, kind="stable")
    series = Series(ts[order], symbol[order], np.ones(len(ts), np.bool_))
    decided = np.where(stands, starts + limit, starts)
    decided[limit == NO_LIMIT] = span_us[1] + 1
    if idle:
        decided[0] = starts[0]
    if not stands[-1]:
        decided[-1] = span_us[1] + 1  # the next increment may come too late
    return Derived(series, starts, until, span_us[1], stands, decided)
