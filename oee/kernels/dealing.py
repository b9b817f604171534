"""Whole parts of a total dealt out to what they are, as a counter beside it tells (S-9).

Each part that the total counts goes to the counter beside it as long as that has told more of its kind than it was
given; every other part goes to the rest. So no count is ever negative, total stays what the total counted, and a
reject that is told after its part takes the next one.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import NDArray

from oee.kernels.intervals import Int64s
from oee.model import CounterDecision

PATIENCE_US = 3_600_000_000
"""For how long a counter may be ahead of the total while parts are made."""
WHY = "told more than the total has parts for, these are left out: total rules (S-9)"


@dataclass(frozen=True, slots=True)
class Owing:
    """How a counter stands to what it was given.

    Attributes
    ----------
    ahead_count : parts that it told of and was not given yet.
    fraction_count : parts that it has begun to tell of and that are told already.
    rest_count : parts that went to the rest since counting began.
    waited_us : time in which parts were made, since it was not ahead; ``least_count`` is the least that it was ahead.
    """

    ahead_count: int = 0
    fraction_count: int = 0
    rest_count: int = 0
    waited_us: int = 0
    least_count: int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """What is known at each reading of the total or of a counter beside it.

    ``total`` and ``told`` are whole parts since the first sample, ``whole`` those that the counter has counted in full;
    ``read`` is True where the total itself was read.
    """

    ts_us: Int64s
    total: Int64s
    told: Int64s
    whole: Int64s
    read: NDArray[np.bool_]


@dataclass(slots=True)
class Dealt:
    """Parts given to the counter at each point, a function of the total alone, and how it stands there."""

    ts_us: Int64s
    total: Int64s
    given: Int64s
    owing: list[tuple[int, ...]]
    decisions: list[CounterDecision] = field(default_factory=list)

    def at(self, total: Int64s) -> Int64s:
        """Parts given by the time that the total has counted so many: between points the same share of each."""
        j = np.searchsorted(self.total, total, side="right") - 1
        nxt = np.minimum(j + 1, len(self.total) - 1)
        made, given = (a[nxt].astype(object) - a[j] for a in (self.total, self.given))
        share = (total - self.total[j]) * given // np.maximum(made, 1)
        return self.given[j] + share.astype(np.int64)

    def owing_at(self, at_us: int) -> Owing | None:
        """How it stands after the newest point at or before an instant; None before the first."""
        i = int(np.searchsorted(self.ts_us, at_us, side="right")) - 1
        return None if i < 0 else Owing(*self.owing[i])


def deal(points: Points, signal: str, heard_at: int, before: Owing | None) -> Dealt:
    """Deal the parts of a total.

    Parameters
    ----------
    points : at least one; the first is where counting begins, or goes on.
    signal : the counter beside the total, for decisions.
    heard_at : the first point at which it is heard; what is made before is no part of the rest.
    before : how it stood at the first point, where counting goes on.
    """
    dealer = _Dealer(points, signal, before)
    for i in range(1, len(points.ts_us)):
        dealer.step(i, heard=i > heard_at)
    return Dealt(points.ts_us, points.total, np.array(dealer.given, np.int64), dealer.owing, dealer.decisions)


class _Dealer:
    """Goes from point to point; ``left_out`` is what was told and is never given, such as what was told before."""

    def __init__(self, points: Points, signal: str, before: Owing | None) -> None:
        self.signal = signal
        self.ts, self.total, self.told, self.whole, self.read = (
            a.tolist() for a in (points.ts_us, points.total, points.told, points.whole, points.read)
        )
        last = before or Owing(fraction_count=self.told[0] - self.whole[0])
        self.high = self.whole[0] + last.fraction_count
        self.left_out = self.high - last.ahead_count
        self.given, self.owing, self.decisions = [0], [astuple(last)], list[CounterDecision]()

    def step(self, i: int, *, heard: bool) -> None:
        """Give the parts made since the point before."""
        made, given = self.total[i] - self.total[i - 1], self.given[-1]
        _, _, rest, waited_us, least = self.owing[-1]
        self.high = max(self.high, self.told[i])
        if not heard:
            self.left_out = self.high - given - made
        taken = min(made, self.high - self.left_out - given)
        ahead = self.high - self.left_out - given - taken
        rest += made - taken if heard else made
        waited_us = waited_us + (self.ts[i] - self.ts[i - 1] if made else 0) if ahead else 0
        least = min(least or ahead, ahead)
        if self.read[i]:
            late = waited_us >= PATIENCE_US
            excess = max(ahead - rest, least if late else 0)
            if late:
                waited_us, least = 0, ahead - excess
            self._leave_out(i, excess)
            ahead, least = ahead - excess, min(least, ahead - excess)
        self.given.append(given + taken)
        self.owing.append((ahead, self.high - self.whole[i], rest, waited_us, least))

    def _leave_out(self, i: int, excess: int) -> None:
        """Told in the midst of the time that shows it, since the point before."""
        if excess > 0:
            self.left_out += excess
            at_us = (self.ts[i - 1] + self.ts[i] + 1) // 2
            self.decisions.append(CounterDecision(at_us, self.signal, "counts_inconsistent", str(excess), WHY))
