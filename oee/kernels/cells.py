"""Counters → parts per minute: whole cumulative counts at every edge, and the cells between them (S-7, S-9)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from oee.kernels.counters import Counted
from oee.kernels.dealing import Dealt, Owing, Points, deal
from oee.kernels.intervals import Int64s
from oee.kernels.machine import Checkpoint, MachineRules
from oee.kernels.parts import RunClock, divided_at, floor_at
from oee.kernels.products import ProductLog
from oee.model import Cell, CounterDecision

KINDS = ("good", "reject", "rework")


@dataclass(frozen=True, slots=True)
class Parts:
    """Whole cumulative parts by kind, and how those of a total were dealt out, by the counters beside it."""

    by_kind: dict[str, Int64s]
    dealt: Mapping[str, Dealt] = field(default_factory=dict)

    @property
    def decisions(self) -> list[CounterDecision]:
        """What counters told beyond the total; told once where two of them stand beside it."""
        return next(iter(self.dealt.values())).decisions if self.dealt else []

    def owing_at(self, at_us: int) -> dict[str, Owing]:
        """What a later run takes up at an instant."""
        found = {name: dealt.owing_at(at_us) for name, dealt in self.dealt.items()}
        return {name: owing for name, owing in found.items() if owing is not None}


@dataclass(frozen=True, slots=True)
class _Counters:
    """The counters of a machine that were heard, read over run time."""

    rules: MachineRules
    counted: dict[str, Counted]
    clock: RunClock

    def heard(self, signal: str) -> bool:
        return signal in self.counted

    def whole(self, signal: str, ts_us: Int64s) -> Int64s:
        if not self.heard(signal):
            return np.zeros(len(ts_us), np.int64)
        return floor_at(self.counted[signal], ts_us, self.clock, self.rules.counters[signal].factor)

    def exact(self, signal: str, ts_us: Int64s) -> tuple[Int64s, np.ndarray, np.ndarray]:
        return divided_at(self.counted[signal], ts_us, self.clock, self.rules.counters[signal].factor)


def cumulative_parts(
    rules: MachineRules, counted: dict[str, Counted], edges: Int64s, clock: RunClock, checkpoint: Checkpoint | None
) -> Parts:
    """Whole cumulative good, reject and rework at each edge: measured, and the rest of a total (S-9).

    Which counters there are goes by the rules. Before the total is heard for the first time the others stand for it:
    what they count are parts; from then on total is what it counts.
    """
    read = _Counters(rules, {s: c for s, c in counted.items() if len(c.ts_us)}, clock)
    if not read.heard("total"):
        return Parts({kind: read.whole(kind, edges) for kind in KINDS})
    carried = checkpoint.counters.keys() if checkpoint else ()
    first_us = int(read.counted["total"].ts_us[0])
    until = edges if "total" in carried else np.maximum(edges, first_us)
    parts = _of_total(read, until, checkpoint, carried)
    if "total" not in carried and first_us > edges[0]:
        for kind in KINDS:
            parts.by_kind[kind] += read.whole(kind, np.minimum(edges, first_us))
    return parts


def _of_total(read: _Counters, edges: Int64s, checkpoint: Checkpoint | None, carried: Collection[str]) -> Parts:
    """Parts of a total since its first sample, dealt to the counters beside it; what they leave is the rest."""
    made = read.whole("total", edges)
    first = next((s for s in ("reject", "good") if s in read.rules.counters), None)
    beside = [s for s in (first, "rework") if s is not None and s in read.rules.counters]
    of = dict.fromkeys(KINDS, np.zeros(len(edges), np.int64))
    rest = "reject" if first == "good" else "good"
    if not beside:
        return Parts({**of, rest: made})
    points = _points(read, beside, carried)
    heard_at = _heard_at(read, points, first)
    owing = checkpoint.owing if checkpoint and "total" in carried else {}
    name = "+".join(beside)
    dealt = {name: deal(points, beside[0], heard_at, owing.get(name))}
    given = dealt[name].at(made)
    of |= {rest: made - given, beside[0]: given}
    if len(beside) > 1:
        inner = _inner_points(read, points, dealt[name], beside[0])
        dealt[beside[0]] = deal(inner, beside[0], heard_at, owing.get(beside[0]))
        own = dealt[beside[0]].at(given)
        of |= {beside[0]: own, beside[1]: given - own}
    return Parts(of, dealt)


def _points(read: _Counters, beside: list[str], carried: Collection[str]) -> Points:
    """Where the total or a counter beside it was read, from the last reading that was carried on."""
    total = read.counted["total"]
    others = [read.counted[s] for s in beside if read.heard(s)]
    begin_us = max([int(total.ts_us[0]), *(int(read.counted[s].ts_us[0]) for s in beside if s in carried)])
    ts = reduce(np.union1d, (c.ts_us for c in others), total.ts_us)
    ts = ts[ts >= begin_us]
    made, over, of = read.exact("total", ts)
    wholes, fractions = [np.zeros(len(ts), np.int64)], []
    for signal in filter(read.heard, beside):
        counted, *fraction = read.exact(signal, ts)
        wholes.append(counted)
        fractions.append(fraction)
    whole: Int64s = np.sum(wholes, axis=0)
    told = whole - _borrowed((over, of), fractions)
    return Points(ts, made, told, whole, np.isin(ts, total.ts_us))


def _borrowed(total: tuple[np.ndarray, np.ndarray], others: list[list[np.ndarray]]) -> Int64s:
    """⌊rest of the total − rests of the others⌋: what the whole counts differ by from the difference of the exact."""
    begun: Int64s = sum((over != 0 for over, _ in others), start=np.zeros(len(total[0]), np.int64))
    alone = (begun == 1) & (total[0] == 0)  # nearly always, where the counters are read together
    found = np.where(alone, np.int64(-1), np.int64(0))
    i = np.flatnonzero((begun > 0) & ~alone)
    above, below = (a[i].astype(object) for a in total)
    for over, of in others:
        above, below = above * of[i] - over[i] * below, below * of[i]
    found[i] = (above // below).astype(np.int64)
    return found


def _inner_points(read: _Counters, points: Points, dealt: Dealt, signal: str) -> Points:
    """What was given to two counters together, dealt out between them."""
    if not read.heard(signal):
        nothing = np.zeros(len(points.ts_us), np.int64)
        return Points(points.ts_us, dealt.given, nothing, nothing, points.read)
    whole, over, _ = read.exact(signal, points.ts_us)
    return Points(points.ts_us, dealt.given, whole + (over != 0), whole, points.read)


def _heard_at(read: _Counters, points: Points, first: str | None) -> int:
    """From which point on the counter beside the total is heard: no good part counted yet makes no rejects."""
    if first != "good":
        return 0
    if not read.heard("good"):
        return len(points.ts_us)
    return int(np.searchsorted(points.ts_us, read.counted["good"].ts_us[0]))


def cells_between(edges: Int64s, parts: dict[str, Int64s], log: ProductLog) -> Iterator[Cell]:
    """Differences between edges; the count steps at an edge belong to the stretch before it only up to ⌊C(edge)⌋."""
    counts = np.stack([np.diff(parts[s]) for s in ("good", "reject", "rework")])
    made = np.flatnonzero(counts.any(axis=0))
    rows = zip(edges[made].tolist(), edges[made + 1].tolist(), *counts[:, made].tolist(), strict=True)
    for (start_us, end_us, good, reject, rework), what in zip(rows, log.each(edges[made]), strict=True):
        yield Cell(start_us, end_us, good + reject + rework, good, reject, rework, what.product, what.order)
