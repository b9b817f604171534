"""Counters → parts (semantics, section 3): what each new value of a cumulative counter adds, and when.

Values are integers in *units*: whole counts, or millionths where a counter reports fractions. The rare values that are
no plain rise (drops, jumps) are judged one by one in the order of the rules; everything between them is one
vectorised difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from oee.kernels.intervals import Int64s

US_PER_S = 1_000_000
MOST_UNITS = 2**63
"""What int64 can't count: no rise; a reading may be more, and comes as one of Python's integers then."""


@dataclass(frozen=True, slots=True)
class CounterLimits:
    """How a counter may move, in units: ``modulus``, ``max_rate_per_s`` (None: unlimited), ``glitch_tolerance``.

    ``poll_us`` is the collector's interval: a rate is never judged over less time than that. ``units_per_count`` is
    how finely readings are taken: what a rate allows is rounded up to whole counts.
    """

    modulus: int | None = None
    max_rate_per_s: Fraction | None = None
    glitch_tolerance: Fraction = Fraction(0)
    poll_us: int = 0
    units_per_count: int = 1

    def allowed(self, elapsed_us: int) -> int | None:
        """Largest rise in ``elapsed_us`` [µs] that is no jump; None is unlimited."""
        if self.max_rate_per_s is None:
            return None
        counts = ceil(self.max_rate_per_s * max(elapsed_us, self.poll_us) / (US_PER_S * self.units_per_count)) + 1
        return counts * self.units_per_count


@dataclass(frozen=True, slots=True)
class CounterCarry:
    """Where a counter stood after a sample whose meaning no later sample can change.

    ``value`` is the reading that the next one is compared with: the sample's own, or the high-water mark that a
    glitch left behind (S-3). ``total`` is the exact cumulative count since the first sample [units].
    """

    ts_us: int
    value: int
    total: int


@dataclass(frozen=True, slots=True)
class Decision:
    """A judgement that is more than "add the rise": ``kind`` is the flag that it raises."""

    at_us: int
    kind: str
    amount: int
    why: str
    readings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """Cumulative count at its breakpoints.

    Attributes
    ----------
    ts_us, total : int64[n], breakpoints; the first is the carry or the baseline (S-6).
    step : bool[n], True where the count steps at the breakpoint instead of rising evenly towards it (S-5).
    reference, settled : what the next reading is compared with, and whether no later sample changes it (S-2, S-3).
    """

    ts_us: Int64s
    total: Int64s
    step: NDArray[np.bool_]
    reference: Int64s
    settled: NDArray[np.bool_]
    decisions: tuple[Decision, ...]

    def settled_at(self, at_us: int) -> bool:
        """Whether no later sample changes what the newest one at or before ``at_us`` means (S-2)."""
        i = int(np.searchsorted(self.ts_us, at_us, side="right")) - 1
        return i < 0 or bool(self.settled[i])

    def carry_at(self, at_us: int) -> CounterCarry | None:
        """The state after the newest sample at or before ``at_us``; None before the first sample."""
        i = int(np.searchsorted(self.ts_us, at_us, side="right")) - 1
        if i < 0:
            return None
        return CounterCarry(int(self.ts_us[i]), int(self.reference[i]), int(self.total[i]))


def count(ts_us: Int64s, value: Int64s, limits: CounterLimits, carry: CounterCarry | None = None) -> Counted:
    """Accumulate a counter by rules S-1 … S-6.

    Parameters
    ----------
    ts_us, value : int64[n], rising times [µs] and readings [units]; only Good ones (S-28), all after the carry.
    limits : how the counter may move.
    carry : where the counter stood before the first sample; None makes that sample the baseline (0 parts).
    """
    if carry is not None:
        ts_us = np.concatenate((np.array([carry.ts_us], np.int64), ts_us))
        before = np.array([carry.value], np.int64 if carry.value < MOST_UNITS else object)
        value = np.concatenate((before, value))
    n = len(ts_us)
    if n == 0:
        return _nothing()
    judged = _Judge(ts_us, value, limits)
    judged.run()
    total = np.cumsum(judged.rise.astype(np.int64, copy=False)) + (carry.total if carry is not None else 0)
    keep = judged.keep
    return Counted(
        ts_us[keep],
        total[keep],
        judged.step[keep],
        judged.reference[keep],
        judged.settled[keep],
        tuple(judged.decisions),
    )


def _nothing() -> Counted:
    """A counter that was never heard."""
    empty = np.empty(0, np.int64)
    return Counted(empty, empty, np.empty(0, np.bool_), empty, np.empty(0, np.bool_), ())


class _Judge:
    """Walks over the irregular readings; arrays hold the rise that each reading adds."""

    def __init__(self, ts_us: Int64s, value: Int64s, limits: CounterLimits) -> None:
        n = len(ts_us)
        self.ts, self.value, self.limits = ts_us, value, limits
        self.rise = np.zeros(n, value.dtype)
        self.rise[1:] = np.diff(value)
        self.step = np.zeros(n, np.bool_)
        self.keep = np.ones(n, np.bool_)
        self.settled = np.ones(n, np.bool_)
        self.reference = value.copy()
        self.decisions: list[Decision] = []

    def run(self) -> None:
        done_until = 0
        for i in self._irregular():
            if i >= done_until:
                done_until = self._judge(int(i), int(self.value[i - 1]))

    def _irregular(self) -> Int64s:
        """Indices whose rise is negative, or more than the rate allows (a bound without the ceiling, then exact)."""
        irregular: NDArray[np.bool_] = self.rise < 0
        if self.rise.dtype == object:
            irregular |= self.rise >= MOST_UNITS
        if self.limits.max_rate_per_s is not None:
            elapsed = np.maximum(np.diff(self.ts), self.limits.poll_us)
            bound = elapsed * (float(self.limits.max_rate_per_s) / US_PER_S)
            irregular[1:] |= self.rise[1:] > bound
        return np.flatnonzero(irregular)

    def _decide(self, i: int, kind: str, amount: int, why: str, *readings: int) -> None:
        self.decisions.append(Decision(int(self.ts[i]), kind, amount, why, readings))

    def _judge(self, i: int, previous: int) -> int:
        """Judge reading ``i`` against ``previous``; return the first index that still needs judging."""
        new = int(self.value[i])
        allowed = self.limits.allowed(int(self.ts[i] - self.ts[i - 1]))
        rise = new - previous
        if rise >= 0:
            if rise < MOST_UNITS and (allowed is None or rise <= allowed):
                self.rise[i] = rise
                return i + 1
            return self._jump(i, previous, rise)
        if -rise <= self.limits.glitch_tolerance and new > 0:
            return self._glitch(i, previous)
        self._drop(i, previous, new, allowed)
        return i + 1

    def _jump(self, i: int, previous: int, rise: int) -> int:
        """S-2: a spike if the next reading is back within reach of the one before, else quarantined.

        One that comes back a glitch below it is back as well, and judged as the glitch that it is (S-3).
        """
        self.rise[i] = 0
        if i + 1 < len(self.ts):
            back = int(self.value[i + 1]) - previous
            reach = self.limits.allowed(int(self.ts[i + 1] - self.ts[i - 1]))
            is_glitch = self._below_mark(i + 1, previous)
            if is_glitch or (reach is not None and 0 <= back <= reach):
                self.keep[i] = False
                self._decide(i, "counter_glitch", rise, "spike: the next reading is back in reach (S-2)")
                if is_glitch:
                    return self._glitch(i + 1, previous)
                self.rise[i + 1] = back
                return i + 2
        else:
            self.settled[i] = False
        self._decide(i, "counter_quarantined", rise, "rose faster than max_rate_per_s allows (S-2)")
        return i + 1

    def _glitch(self, i: int, high: int) -> int:
        """S-3: keep the high-water mark, add 0 until it is passed; each reading below it is a decision of its own.

        So a run that starts again in the midst of the glitch decides what an unbroken one does (S-42).
        """
        j = i
        while j < len(self.ts) and self._below_mark(j, high):
            self._decide(j, "counter_glitch", int(self.value[j]) - high, "small drop: high-water mark kept (S-3)")
            self.rise[j] = 0
            self.reference[j] = high
            j += 1
        return self._judge(j, high) if j < len(self.ts) else j

    def _below_mark(self, j: int, high: int) -> bool:
        drop = high - int(self.value[j])
        return 0 < drop <= self.limits.glitch_tolerance and int(self.value[j]) > 0

    def _drop(self, i: int, previous: int, new: int, allowed: int | None) -> None:
        """S-4 rollover, else S-5 reset."""
        modulus = self.limits.modulus
        if modulus is not None:
            around = modulus - previous + new
            if 0 <= around < MOST_UNITS and (around <= allowed if allowed is not None else 4 * around <= modulus):
                self.rise[i] = around
                self._decide(i, "counter_rollover", around, "passed its modulus {} (S-4)", modulus)
                return
        self.step[i] = True
        fits = new < MOST_UNITS and (allowed is None or new <= allowed)
        self.rise[i] = new if fits else 0
        kind = "counter_reset" if fits else "device_replaced"
        self._decide(i, kind, int(self.rise[i]), "fell from {} to {} (S-5)", previous, new)


def pulses(ts_us: Int64s, value: Int64s, carry: CounterCarry | None = None) -> Counted:
    """S-8: a signal of parts since the last message counts at its own timestamps; its first message counts as well."""
    if carry is None and len(ts_us) == 0:
        return _nothing()
    before_us = carry.ts_us if carry else int(ts_us[0]) - 1
    ts = np.concatenate((np.array([before_us], np.int64), ts_us))
    total = np.cumsum(np.concatenate((np.array([carry.total if carry else 0], np.int64), value)))
    return Counted(ts, total, np.ones(len(ts), np.bool_), np.zeros(len(ts), np.int64), np.ones(len(ts), np.bool_), ())
