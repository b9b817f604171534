"""Total against good, reject and rework, where all of them are counted (S-9).

Counters are not read at one instant, and a part may be judged seconds after it was counted; so for each whole minute
the difference that held longest stands for it, and a minute whose difference is another than the one before is told.
Where all of them are read once after a longer time, say at the ends of a shift, that reading stands for its minute:
what it shows came about since the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm

import numpy as np

from oee.kernels.counters import Counted
from oee.kernels.intervals import Int64s
from oee.kernels.machine import MINUTE_US
from oee.model import CounterDecision

WHY = "total less good, reject and rework changed: total rules (S-9)"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One decision per change of the difference; ``unsettled_us`` are whole minutes at which another one stands.

    A run that starts at one of those would take the passing difference for the lasting one (S-42).
    """

    decisions: tuple[CounterDecision, ...] = ()
    unsettled_us: tuple[int, ...] = ()


def agreement(
    total: tuple[Counted, Fraction], others: Sequence[tuple[Counted, Fraction]], start_us: int, end_us: int
) -> Agreement:
    """Compare a total with the counters that should make it up.

    Parameters
    ----------
    total, others : counters, each with its exact parts per unit.
    start_us, end_us : the stretch to judge [µs]; a minute that it ends within is left for later.
    """
    counters = (total, *others)
    begin_us = max([start_us, *(int(c.ts_us[0]) for c, _ in counters)])
    whole = np.arange(begin_us // MINUTE_US + 1, end_us // MINUTE_US + 1) * MINUTE_US
    inner = np.concatenate([c.ts_us for c, _ in counters])
    inner = inner[(inner > begin_us) & (inner <= end_us)]
    ts = np.unique(np.concatenate((np.array([begin_us], np.int64), inner, whole)))
    scale = lcm(*(f.denominator for _, f in counters))
    values = (_held(total, ts, scale) - sum(_held(o, ts, scale) for o in others)).tolist()
    readings = {t: at for t, at in _readings([c.ts_us for c, _ in counters]) if begin_us < t <= end_us}
    found = _judged(ts.tolist(), values, whole.tolist(), readings, scale)
    return Agreement(tuple(d for d in found.decisions if d.at_us >= start_us), found.unsettled_us)


def _readings(series: Sequence[Int64s]) -> Iterator[tuple[int, int]]:
    """Instants at which every counter was read once after more than a minute, and the middle of that time."""
    every = np.unique(np.concatenate(series))
    for i in (np.flatnonzero(np.diff(every) > MINUTE_US) + 1).tolist():
        since_us = int(every[i])
        first = [int(np.searchsorted(ts, since_us)) for ts in series]
        if any(k == len(ts) for k, ts in zip(first, series, strict=True)):
            continue
        read_us = max(int(ts[k]) for k, ts in zip(first, series, strict=True))
        again_us = min((int(ts[k + 1]) for k, ts in zip(first, series, strict=True) if k + 1 < len(ts)), default=None)
        if read_us <= since_us + MINUTE_US and (again_us is None or again_us > read_us):
            yield read_us, (int(every[i - 1]) + since_us) // 2


def _held(counter: tuple[Counted, Fraction], ts_us: Int64s, scale: int) -> np.ndarray:
    """Exact parts at each instant times ``scale``, as Python's integers."""
    counted, factor = counter
    at = np.searchsorted(counted.ts_us, ts_us, side="right") - 1
    held: np.ndarray = counted.total[at].astype(object) * int(factor * scale)
    return held


def _judged(ts: list[int], values: list[int], whole: list[int], readings: dict[int, int], scale: int) -> Agreement:
    standing, decisions, unsettled = values[0], [], []
    first, waiting = 0, sorted(readings)
    for edge_us in [*whole, *(t for t in waiting[-1:] if not whole or t > whole[-1])]:
        last = ts.index(edge_us, first)
        if waiting and waiting[0] <= edge_us:
            read_us = waiting.pop(0)
            now, at_us = values[ts.index(read_us, first)], readings[read_us]
        else:
            now = _longest(ts[first : last + 1], values[first:last])
            at_us = ts[values.index(now, first)]
        if now != standing:
            amount = str(Fraction(now - standing, scale))
            decisions.append(CounterDecision(at_us, "total", "counts_inconsistent", amount, WHY))
        if values[last] != now:
            unsettled.append(edge_us)
        standing, first = now, last
    return Agreement(tuple(decisions), tuple(unsettled))


def _longest(ts: list[int], values: list[int]) -> int:
    """The value that held longest; the smallest of several."""
    held_us: dict[int, int] = {}
    for (a, b), value in zip(pairwise(ts), values, strict=True):
        held_us[value] = held_us.get(value, 0) + b - a
    return min(held_us, key=lambda value: (-held_us[value], value))
