"""Whole parts of a total dealt out to what they are, as a counter beside it tells (S-9).

Each part that the total counts goes to the counter beside it as long as that has told more of its kind than it was
given; every other part goes to the rest. So no count is ever negative, total stays what the total counted, and a
reject that is told after its part takes the next one.
"""

from __future__ import annotations

from collections.abc import Callable
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
    standing: Callable[[int], Owing]
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
        return None if i < 0 else self.standing(i)


def deal(points: Points, signal: str, heard_at: int, before: Owing | None) -> Dealt:
    """Deal the parts of a total.

    Parameters
    ----------
    points : at least one; the first is where counting begins, or goes on.
    signal : the counter beside the total, for decisions.
    heard_at : the first point at which it is heard; what is made before is no part of the rest.
    before : how it stood at the first point, where counting goes on.
    """
    before = before or _nothing_yet(points)
    at_once = _AtOnce(points, heard_at, before)
    if not at_once.leaves_out(points.read):
        return Dealt(points.ts_us, points.total, at_once.given, at_once.standing)
    dealer = _Dealer(points, signal, before)
    for i in range(1, len(points.ts_us)):
        dealer.step(i, heard=i > heard_at)
    return Dealt(points.ts_us, points.total, np.array(dealer.given, np.int64), dealer.standing, dealer.decisions)


def _nothing_yet(points: Points) -> Owing:
    return Owing(fraction_count=int(points.told[0] - points.whole[0]))


class _AtOnce:
    """All points in one go, as long as nothing told has to be left out: the rest is a running maximum.

    What is given is what the total allows: given(i) = T(i) + min over j ≤ i of (wanted(j) - T(j)).
    """

    def __init__(self, points: Points, heard_at: int, before: Owing) -> None:
        h = min(heard_at, len(points.ts_us) - 1)
        self._ts, self._before, self._heard_at, total = points.ts_us, before, h, points.total
        self._high = np.maximum.accumulate(np.concatenate(([points.whole[0] + before.fraction_count], points.told[1:])))
        self._whole = points.whole
        given = total - total[0]
        left_out = self._high[h] - given[h] if h else self._high[0] - before.ahead_count
        wanted = self._high - left_out
        least = np.minimum.accumulate(np.concatenate(([given[h] - total[h]], (wanted - total)[h + 1 :])))
        given[h:] = total[h:] + least
        self.given: Int64s = given
        self._ahead = np.concatenate((np.zeros(h, np.int64), (wanted - given)[h:]))
        self._rest = before.rest_count + (total - total[0]) - (given - np.minimum(given, given[h]))
        making = np.concatenate(([0], np.diff(self._ts) * (np.diff(total) > 0)))
        self._made_us = np.cumsum(making)
        self._since = np.maximum.accumulate(np.where(self._ahead > 0, -1, np.arange(len(total))))

    def leaves_out(self, read: NDArray[np.bool_]) -> bool:
        """Whether more is told than there ever were parts for, or for too long (see `PATIENCE_US`)."""
        too_many = self._ahead > self._rest
        late = (self._ahead > 0) & (self._waited_us() >= PATIENCE_US)
        return bool(np.any((too_many | late)[1:] & read[1:]))

    def _waited_us(self) -> Int64s:
        waited: Int64s = self._made_us - self._made_us[np.maximum(self._since, 0)]
        waited[self._since <= 0] += self._before.waited_us
        return waited

    def standing(self, i: int) -> Owing:
        """How the counter stands at a point."""
        if i == 0:
            return self._before
        ahead, since = int(self._ahead[i]), int(self._since[i])
        least = int(self._ahead[max(since, 0) + 1 : i + 1].min()) if ahead else 0
        if ahead and since < 0 and self._before.least_count:
            least = min(least, self._before.least_count)
        waited_us = int(self._waited_us()[i]) if ahead else 0
        return Owing(ahead, int(self._high[i] - self._whole[i]), int(self._rest[i]), waited_us, least)


class _Dealer:
    """Goes from point to point; ``left_out`` is what was told and is never given, such as what was told before."""

    def __init__(self, points: Points, signal: str, before: Owing) -> None:
        self.signal = signal
        self.ts, self.total, self.told, self.whole, self.read = (
            a.tolist() for a in (points.ts_us, points.total, points.told, points.whole, points.read)
        )
        self.high = self.whole[0] + before.fraction_count
        self.left_out = self.high - before.ahead_count
        self.given, self.owing, self.decisions = [0], [astuple(before)], list[CounterDecision]()

    def standing(self, i: int) -> Owing:
        """How the counter stands at a point."""
        return Owing(*self.owing[i])

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
