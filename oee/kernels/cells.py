"""Counters → parts per minute: whole cumulative counts at every edge, and the cells between them (S-7, S-9)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from oee.kernels.counters import Counted
from oee.kernels.intervals import Int64s
from oee.kernels.machine import MachineRules
from oee.kernels.parts import RunClock, difference, floor_at
from oee.kernels.products import ProductLog
from oee.model import Cell


def cumulative_parts(
    rules: MachineRules, counted: dict[str, Counted], edges: Int64s, clock: RunClock
) -> dict[str, Int64s]:
    """Whole cumulative good, reject and rework at each edge; good and reject are measured or the third of S-9."""
    have = {signal: c for signal, c in counted.items() if len(c.ts_us)}
    at = {s: floor_at(c, edges, clock, rules.counters[s].factor) for s, c in have.items()}
    zero = np.zeros(len(edges), np.int64)
    rework = at.get("rework", zero)
    if "total" not in at:
        return {"good": at.get("good", zero), "reject": at.get("reject", zero), "rework": rework}
    if "good" in at and "reject" not in at:
        return {"good": at["good"], "reject": _third(rules, have, "good", edges, clock) - rework, "rework": rework}
    if "reject" in at:
        return {"good": _third(rules, have, "reject", edges, clock) - rework, "reject": at["reject"], "rework": rework}
    return {"good": at["total"] - rework, "reject": zero, "rework": rework}


def _third(rules: MachineRules, have: dict[str, Counted], known: str, edges: Int64s, clock: RunClock) -> Int64s:
    """Total less the known one, as a counter of its own where both count alike, else as a difference of whole parts."""
    factor = rules.counters["total"].factor
    if rules.counters[known].factor == factor:
        return floor_at(difference(have["total"], have[known], clock, edges), edges, clock, factor)
    other = floor_at(have[known], edges, clock, rules.counters[known].factor)
    return floor_at(have["total"], edges, clock, factor) - other


def cells_between(edges: Int64s, parts: dict[str, Int64s], log: ProductLog) -> Iterator[Cell]:
    """Differences between edges; the count steps at an edge belong to the stretch before it only up to ⌊C(edge)⌋."""
    counts = np.stack([np.diff(parts[s]) for s in ("good", "reject", "rework")])
    made = np.flatnonzero(counts.any(axis=0))
    rows = zip(edges[made].tolist(), edges[made + 1].tolist(), *counts[:, made].tolist(), strict=True)
    for (start_us, end_us, good, reject, rework), what in zip(rows, log.each(edges[made]), strict=True):
        yield Cell(start_us, end_us, good + reject + rework, good, reject, rework, what.product, what.order)
