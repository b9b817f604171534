"""A line's result from its machines' results of the same window (S-40). Pure; ratios are never touched here (S-41)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add

from oee.config.model import Rollup
from oee.kernels.ratios import ideal_total_us
from oee.model import (
    FLAGS,
    RULES_VERSION,
    Elements,
    HourRow,
    ProductOutput,
    ShiftResult,
    WindowResult,
    merge_outputs,
)

COUNT_FLAGS = (
    "counts_incomplete",
    "counts_inconsistent",
    "counter_reset",
    "counter_rollover",
    "counter_glitch",
    "counter_quarantined",
    "device_replaced",
    "parts_while_stopped",
)
"""Flags about how parts were counted: they come from the machines that count, all others from the constraint."""


def pools(rollup: Rollup) -> bool:
    """Whether the line is the sum of parallel machines."""
    return rollup.method == "pooled"


def counters(rollup: Rollup) -> tuple[str, str, str]:
    """The machines that count the line's total, good and reject (with rework): the constraint where none is named."""
    named = (rollup.count_total, rollup.count_good, rollup.count_reject)
    total, good, reject = (machine or rollup.machine for machine in named)
    return total, good, reject


def contributors(rollup: Rollup, machines: Iterable[str]) -> tuple[str, ...]:
    """Machines whose results make the line's, in flow order."""
    wanted = {rollup.machine, *counters(rollup)}
    return tuple(m for m in machines if pools(rollup) or m in wanted)


def roll_up(rollup: Rollup, results: Mapping[str, ShiftResult]) -> ShiftResult:
    """One line's result of one instance.

    Parameters
    ----------
    rollup : the method and the machines that it names.
    results : at least those of its `contributors`, all of one instance, in flow order; counting machines in the
        constraint's time and of what it makes (`oee.kernels.counting`).
    """
    parts = {m: results[m] for m in contributors(rollup, results)}
    base = replace(results[rollup.machine], machine=None, method=rollup.method)
    if not pools(rollup) and len(parts) == 1:
        return base
    rolled = replace(
        base,
        definition=line_definition(rollup, {machine: r.definition for machine, r in parts.items()}),
        window=_window(rollup, {m: r.window for m, r in parts.items()}),
        hours=_hours(rollup, {m: r.hours for m, r in parts.items()}),
    )
    if not pools(rollup):
        return rolled
    every = parts.values()
    return replace(
        rolled,
        through_us=max(r.through_us for r in every),
        target_good_count=_total(r.target_good_count for r in every),
        shift_target_good_count=_total(r.shift_target_good_count for r in every),
    )


def line_definition(rollup: Rollup, parts: Mapping[str, str]) -> str:
    """Names the method, the machines and, as a digest, the configuration of each (S-51)."""
    halves = {machine: definition.partition(", cycles ") for machine, definition in parts.items()}
    rules, cycles = (_digest({m: half[n] for m, half in halves.items()}) for n in (0, 2))
    return f"rules {RULES_VERSION}, configuration {rules}, {rollup.method} of {', '.join(parts)}, cycles {cycles}"


def _digest(by_machine: Mapping[str, str]) -> str:
    said = "; ".join(f"{machine}: {text}" for machine, text in by_machine.items())
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _window(rollup: Rollup, windows: Mapping[str, WindowResult]) -> WindowResult:
    elements = roll_elements(rollup, {m: w.elements for m, w in windows.items()})
    decisions = [replace(d, machine=m) for m, w in windows.items() for d in w.decisions]
    base = replace(
        windows[rollup.machine], elements=elements, decisions=tuple(sorted(decisions, key=lambda d: d.at_us))
    )
    return _pooled(base, windows) if pools(rollup) else _counted(rollup, base, windows)


def roll_elements(rollup: Rollup, by_machine: Mapping[str, Elements]) -> Elements:
    """Elements of the line: summed over pooled machines, or the constraint's with parts as they are counted."""
    if pools(rollup):
        return reduce(add, by_machine.values())
    total, good, reject = (by_machine[m] for m in counters(rollup))
    return replace(
        by_machine[rollup.machine],
        stopped_count=total.stopped_count,
        output=_picked(total.output, good.output, reject.output),
        unscheduled=_picked(total.unscheduled, good.unscheduled, reject.unscheduled),
        unknown=_picked(total.unknown, good.unknown, reject.unknown),
        counted_apart=True,
    )


Outputs = Sequence[ProductOutput]


def _picked(total: Outputs, good: Outputs, reject: Outputs) -> tuple[ProductOutput, ...]:
    """Each count from the machine that counts it; rework and start-up rejects go with the rejects."""
    rows = [
        *(replace(o, good_count=0, reject_count=0, rework_count=0, startup_count=0) for o in total),
        *(replace(o, total_count=0, reject_count=0, rework_count=0, startup_count=0) for o in good),
        *(replace(o, total_count=0, good_count=0) for o in reject),
    ]
    return tuple(o for o in merge_outputs(rows) if o.total_count or o.good_count or o.reject_count or o.rework_count)


def _counted(rollup: Rollup, base: WindowResult, windows: Mapping[str, WindowResult]) -> WindowResult:
    """Times, stops and ideal cycle of the constraint; flags of the counts from the machines that count."""
    e, who = base.elements, counters(rollup)
    made_us = ideal_total_us(e.output)
    conditions = {
        "performance_over_100": made_us is not None and made_us > e.actual_production_us,
        "ideal_cycle_missing": "ideal_cycle_missing" in base.flags or made_us is None,
        "parts_unscheduled": bool(e.unscheduled),
        "parts_in_no_data": bool(e.unknown),
        "corrected": any("corrected" in w.flags for w in windows.values()),
    } | {flag: any(flag in windows[m].flags for m in who) for flag in COUNT_FLAGS}
    raised = {f for f in base.flags if f not in conditions} | {f for f, holds in conditions.items() if holds}
    return replace(base, flags=tuple(f for f in FLAGS if f in raised), quality_known=windows[who[2]].quality_known)


def _pooled(base: WindowResult, windows: Mapping[str, WindowResult]) -> WindowResult:
    """All that the machines tell, each row naming its machine: segments one machine after the other, stops in order."""
    stops = [replace(s, machine=m) for m, w in windows.items() for s in w.stops]
    return replace(
        base,
        segments=tuple(replace(s, machine=m) for m, w in windows.items() for s in w.segments),
        stops=tuple(sorted(stops, key=lambda s: s.start_us)),
        flags=tuple(f for f in FLAGS if any(f in w.flags for w in windows.values())),
        quality_known=all(w.quality_known for w in windows.values()),
        ideal_known=all(w.ideal_known for w in windows.values()),
    )


def _hours(rollup: Rollup, hours: Mapping[str, Sequence[HourRow]]) -> tuple[HourRow, ...]:
    """The hour board row by row; plans and targets of pooled machines add (their rates do)."""
    rows = []
    for row in zip(*hours.values(), strict=True):
        by_machine = dict(zip(hours, row, strict=True))
        elements = roll_elements(rollup, {m: h.elements for m, h in by_machine.items()})
        hour = replace(by_machine[rollup.machine], elements=elements)
        if pools(rollup):
            target = _total(h.target_good_count for h in row)
            hour = replace(hour, planned_us=sum(h.planned_us for h in row), target_good_count=target)
        rows.append(hour)
    return tuple(rows)


def _total(parts: Iterable[Fraction | None]) -> Fraction | None:
    """Sum of parts; None as soon as one of them is unknown."""
    total = Fraction(0)
    for part in parts:
        if part is None:
            return None
        total += part
    return total
