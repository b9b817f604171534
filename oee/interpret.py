"""Samples → facts of one machine: raw intervals and parts per minute. Pure, and the same for any chunking (S-42).

A run starts at a checkpoint (or at the machine's first sample) and says everything from there to the last proof of
life. Checkpoints lie only where the machine runs and is proven alive: no stop, silence or late reason reaches across
them, and what a counter still owes is carried as the run time since its last breakpoint.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from oee.kernels.agreement import Agreement, agreement
from oee.kernels.cells import cells_between, cumulative_parts
from oee.kernels.counters import Counted, count, pulses
from oee.kernels.intervals import Int64s, union
from oee.kernels.machine import (
    CHECKPOINT_US,
    FOREVER_US,
    LARGEST_COUNT,
    LARGEST_PULSE,
    MINUTE_US,
    UNITS_PER_COUNT,
    Checkpoint,
    CounterRule,
    CounterState,
    Facts,
    MachineRules,
    MachineSamples,
    in_units,
)
from oee.kernels.parts import RunClock
from oee.kernels.products import NOTHING_YET, ProductLog, product_log
from oee.kernels.states import Piece, claims, judge_silence, merge, overwrite, proofs_of_life, silences
from oee.model import Category, CounterDecision

__all__ = [
    "FOREVER_US",
    "MINUTE_US",
    "UNITS_PER_COUNT",
    "Checkpoint",
    "CounterRule",
    "CounterState",
    "Facts",
    "MachineRules",
    "MachineSamples",
    "interpret",
]


def interpret(
    rules: MachineRules,
    samples: MachineSamples,
    checkpoint: Checkpoint | None,
    start_us: int,
    cuts_us: tuple[int, ...] = (),
) -> Facts:
    """Interpret a machine's samples from a checkpoint to the last proof of life.

    Parameters
    ----------
    rules : how the samples are read.
    samples : everything from ``start_us`` on; counters from their carries on.
    checkpoint : where an earlier run can be taken up; None starts from nothing.
    start_us : the checkpoint's instant, or that of the first sample [µs].
    cuts_us : further instants at which production is cut, for windows that do not start on a minute.
    """
    end_us = max(samples.through_us, start_us)
    samples, unusable = _usable(rules, samples, start_us)
    counted = _count(rules, samples, checkpoint)
    proofs = _proofs(samples, checkpoint)
    hold_until_us = _hold_until(rules, proofs, start_us)
    carry = checkpoint.products if checkpoint else NOTHING_YET
    log = product_log(samples.products, samples.symbols, carry, (start_us, FOREVER_US))  # an order may outrun the data
    pieces = _pieces(rules, samples, counted, proofs, log, (start_us, end_us, hold_until_us))
    clock = _run_clock(pieces, checkpoint, start_us)
    edges = _edges(pieces, start_us, end_us, (*cuts_us, *log.starts_us))
    parts = cumulative_parts(rules, counted, edges, clock)
    if checkpoint is None:  # C(t) counts from the first sample on, a first message of parts included (S-6, S-8)
        for cumulative in parts.values():
            cumulative[0] = 0
    incomplete = _incomplete(rules, samples, end_us)
    agreed = _agreement(rules, counted, start_us, end_us)
    told = [*_decisions(counted, start_us), *unusable, *agreed.decisions, *incomplete]
    decisions = sorted(told, key=lambda d: (d.at_us, d.signal))
    at = _candidates(pieces, proofs, end_us)
    at = at[~np.isin(at, [d.at_us for d in decisions]) & ~np.isin(at, samples.state.ts_us[~samples.state.good])]
    at = at[~np.isin(at, agreed.unsettled_us)]
    for d in incomplete:  # whoever starts within the silence's first max_age could not tell of it
        at = at[(at <= d.at_us - (rules.max_age_us or 0)) | (at > d.at_us)]
    cuts = [c for c in cuts_us if start_us < c < end_us]
    return Facts(
        start_us,
        end_us,
        hold_until_us,
        pieces,
        list(cells_between(edges, parts, log)),
        decisions,
        [_checkpoint(t, counted, clock, log) for t in at.tolist() if all(c.settled_at(t) for c in counted.values())],
        [replace(_checkpoint(c, counted, clock, log), proven=False) for c in cuts],
        log.runs,
    )


def _hold_until(rules: MachineRules, proofs: tuple[Int64s, Int64s], start_us: int) -> int:
    """Until when the last claim holds (S-26)."""
    if rules.max_age_us is None:
        return FOREVER_US
    return (int(proofs[1][-1]) if len(proofs[1]) else start_us) + rules.max_age_us


def _pieces(
    rules: MachineRules,
    samples: MachineSamples,
    counted: dict[str, Counted],
    proofs: tuple[Int64s, Int64s],
    log: ProductLog,
    span_us: tuple[int, int, int],
) -> list[Piece]:
    """Claims of ``[start, end)`` with every silence judged; what is said at the end itself is heard for that."""
    start_us, end_us, hold_until_us = span_us
    signals = (samples.state, samples.mode, samples.fault)
    claimed = pieces = claims(start_us, end_us + 1, signals, samples.symbols, rules.meaning)
    for silence in silences(proofs, rules.max_age_us):
        ideal_us = rules.ideal_of(log.at(silence[0]).product)
        pieces = overwrite(pieces, _judged(rules, counted, claimed, silence, ideal_us))
    if hold_until_us < end_us:
        pieces = overwrite(pieces, [Piece(hold_until_us, end_us, Category.NO_DATA)])
    return merge([replace(p, end_us=min(p.end_us, end_us)) for p in pieces])


def _usable(
    rules: MachineRules, samples: MachineSamples, start_us: int
) -> tuple[MachineSamples, list[CounterDecision]]:
    """Leave out readings that can't be counts, as if they were not Good (S-28), and tell of each."""
    kept, told = {}, []
    for signal, (ts, readings) in samples.counters.items():
        pulses_ = signal in rules.counters and rules.counters[signal].delta
        good = (readings >= 0) & (
            readings < (LARGEST_PULSE if pulses_ else LARGEST_COUNT)
        )  # False for what is no number as well
        kept[signal] = (ts[good], readings[good])
        for at_us, value in zip(ts[~good].tolist(), readings[~good].tolist(), strict=True):
            why = f"reading {value:.15g} is no count: left out (S-28)"
            told.append(CounterDecision(at_us, signal, "counter_quarantined", f"{value:.15g}", why))
    return replace(samples, counters=kept), [d for d in told if d.at_us >= start_us]


def _count(rules: MachineRules, samples: MachineSamples, checkpoint: Checkpoint | None) -> dict[str, Counted]:
    counted = {}
    for signal, rule in rules.counters.items():
        ts, readings = samples.counters.get(signal, (np.empty(0, np.int64), np.empty(0)))
        units = in_units(readings)
        state = checkpoint.counters.get(signal) if checkpoint else None
        carry = state.carry if state else None
        counted[signal] = pulses(ts, units, carry) if rule.delta else count(ts, units, rule.limits, carry)
    return counted


def _proofs(samples: MachineSamples, checkpoint: Checkpoint | None) -> tuple[Int64s, Int64s]:
    """Proofs of life, the checkpoint's own included."""
    starts, ends = samples.alive
    if checkpoint is not None and checkpoint.proven:
        at = np.array([checkpoint.at_us], np.int64)
        starts, ends = np.concatenate((np.maximum(starts, at), at)), np.concatenate((np.maximum(ends, at), at))
    starts, ends = proofs_of_life(samples.state, (starts, ends))
    keep = ends >= (checkpoint.at_us if checkpoint else -FOREVER_US)
    return starts[keep], ends[keep]


def _judged(
    rules: MachineRules,
    counted: dict[str, Counted],
    claimed: list[Piece],
    span: tuple[int, int],
    ideal_us: Fraction | None,
) -> list[Piece]:
    """What a silence was, by the claims in force at its two ends: those that the proofs of life there stand for."""
    before, after = (next((p for p in claimed if p.start_us <= t < p.end_us), None) for t in span)
    if rules.max_age_us is None or before is None:
        return []
    made = _made(rules, counted, span)
    return judge_silence(before, after, span, max_age_us=rules.max_age_us, made=made, ideal_us=ideal_us)


def _made(rules: MachineRules, counted: dict[str, Counted], span: tuple[int, int]) -> Fraction:
    """Parts counted between the last samples at the two ends of a silence: total, else good and reject."""
    signals = ("total",) if "total" in counted else ("good", "reject", "rework")
    made = Fraction(0)
    for signal in signals:
        c = counted.get(signal)
        if c is None or len(c.ts_us) == 0:
            continue
        first, last = np.maximum(np.searchsorted(c.ts_us, np.array(span), side="right") - 1, 0)
        made += (int(c.total[last]) - int(c.total[first])) * rules.counters[signal].factor
    return made


def _run_clock(pieces: list[Piece], checkpoint: Checkpoint | None, start_us: int) -> RunClock:
    runs = [(p.start_us, p.end_us) for p in pieces if p.category is Category.RUN]
    starts, ends = np.array(runs, np.int64).reshape(-1, 2).T
    anchors = {s.carry.ts_us: s.run_us for s in checkpoint.counters.values()} if checkpoint else {}
    return RunClock(starts, ends, anchors, start_us)


def _edges(pieces: list[Piece], start_us: int, end_us: int, cuts_us: tuple[int, ...]) -> Int64s:
    minutes = np.arange(start_us // MINUTE_US + 1, -(-end_us // MINUTE_US)) * MINUTE_US
    changes = [p.start_us for p in pieces] + [start_us, end_us]
    inner = [c for c in cuts_us if start_us < c < end_us]
    return np.unique(np.concatenate((minutes, np.array(changes + inner, np.int64))))


def _agreement(rules: MachineRules, counted: dict[str, Counted], start_us: int, end_us: int) -> Agreement:
    """Whether total, good and reject, all counted, agree (S-9)."""
    have = {signal: (c, rules.counters[signal].factor) for signal, c in counted.items() if len(c.ts_us)}
    if not {"total", "good", "reject"} <= have.keys():
        return Agreement()
    return agreement(have.pop("total"), list(have.values()), start_us, end_us)


def _decisions(counted: dict[str, Counted], start_us: int) -> list[CounterDecision]:
    return [
        CounterDecision(d.at_us, signal, d.kind, _counts(d.amount), d.why.format(*map(_counts, d.readings)))
        for signal, c in counted.items()
        for d in c.decisions
        if d.at_us >= start_us
    ]


def _counts(units: int) -> str:
    """A reading in counts, as the device tells it."""
    return str(Fraction(units, UNITS_PER_COUNT))


def _incomplete(rules: MachineRules, samples: MachineSamples, end_us: int) -> list[CounterDecision]:
    """A dead counter beside a live state (S-26): one word each time that its source falls silent for too long."""
    found = []
    for signal, (starts, ends) in samples.counter_alive.items():
        known = min(len(starts), 1)  # a silence that began before this run was told by the run before
        marks = np.full(known, end_us, np.int64)
        proofs = union(np.concatenate((starts, marks)), np.concatenate((ends, marks)))
        why = f"its source {rules.counters[signal].source} was silent beside the state (S-26)"
        for since, _ in silences(proofs, rules.max_age_us):
            found.append(CounterDecision(since + (rules.max_age_us or 0), signal, "counts_incomplete", "0", why))
    return found


def _candidates(pieces: list[Piece], proofs: tuple[Int64s, Int64s], end_us: int) -> Int64s:
    """Quarter hours, and the newest whole minute, at which the machine ran and was proven alive."""
    if not pieces:
        return np.empty(0, np.int64)
    quarter = np.arange(pieces[0].start_us // CHECKPOINT_US + 1, end_us // CHECKPOINT_US + 1) * CHECKPOINT_US
    newest = np.array([end_us // MINUTE_US * MINUTE_US], np.int64)
    at = np.unique(np.concatenate((quarter, newest)))
    found: Int64s = at[_inside(at, *proofs) & _inside(at, *_runs(pieces))]
    return found


def _runs(pieces: list[Piece]) -> tuple[Int64s, Int64s]:
    """Insides of the runs: a checkpoint on the edge of a run would touch the stop beside it."""
    runs = [(p.start_us + 1, p.end_us - 1) for p in pieces if p.category is Category.RUN]
    starts, ends = np.array(runs, np.int64).reshape(-1, 2).T
    return starts, ends


def _inside(at: Int64s, starts: Int64s, ends: Int64s) -> np.ndarray:
    if len(starts) == 0:
        return np.zeros(len(at), np.bool_)
    k = np.maximum(np.searchsorted(starts, at, side="right") - 1, 0)
    inside: np.ndarray = (starts[k] <= at) & (at <= ends[k])
    return inside


def _checkpoint(at_us: int, counted: dict[str, Counted], clock: RunClock, log: ProductLog) -> Checkpoint:
    states = {}
    for signal, c in counted.items():
        carry = c.carry_at(at_us)
        if carry is not None:
            run = clock.at(np.array([carry.ts_us, at_us], np.int64))
            states[signal] = CounterState(carry, int(run[1] - run[0]))
    return Checkpoint(at_us, states, products=log.before(at_us))
