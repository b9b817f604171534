"""Samples → facts of one machine: raw intervals and parts per minute. Pure, and the same for any chunking (S-42).

A run starts at a checkpoint (or at the machine's first sample) and says everything from there to the last proof of
life. A checkpoint carries what reaches across it: what a counter still owes, the stop or the open silence that it lies
in. Where a later word changes what was said before it, the run says so, and has to be made again from further back.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from oee.kernels.agreement import Agreement, agreement
from oee.kernels.cells import cells_between, cumulative_parts
from oee.kernels.claims import Claims, claims
from oee.kernels.counters import Counted, count, pulses
from oee.kernels.derive import NO_LIMIT, RUNNING, STANDING, Derived, Moves, derive
from oee.kernels.intervals import Int64s, distinct, union
from oee.kernels.life import hold_until, open_silence, proofs
from oee.kernels.machine import (
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
from oee.kernels.restart import Run, candidates, unspoilt
from oee.kernels.states import Piece, judge_silence, merge, overwrite, silences
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
    alive = proofs(samples, checkpoint)
    hold_until_us = hold_until(rules, alive, checkpoint, start_us)
    silent = silences(alive, rules.max_age_us)
    carry = checkpoint.products if checkpoint else NOTHING_YET
    log = product_log(samples.products, samples.symbols, carry, (start_us, FOREVER_US))  # an order may outrun the data
    derived = _derived(rules, samples, counted, checkpoint, log, (start_us, end_us), silent)
    end_us = derived.end_us if derived else end_us
    claimed = _claims(rules, samples, derived, checkpoint, (start_us, end_us))
    pieces = _pieces(rules, counted, claimed, silent, log, (start_us, end_us, hold_until_us))
    clock = _run_clock(pieces, checkpoint, start_us)
    edges = _edges(pieces, start_us, end_us, (*cuts_us, *log.starts_us))
    parts = cumulative_parts(rules, counted, edges, clock, checkpoint)
    if checkpoint is None:  # C(t) counts from the first sample on, a first message of parts included (S-6, S-8)
        for cumulative in parts.by_kind.values():
            cumulative[0] = 0
    incomplete = _incomplete(rules, samples, end_us)
    agreed = _agreement(rules, counted, start_us, end_us)
    beyond = [d for d in parts.decisions if d.at_us >= start_us]
    told = [*_decisions(counted, start_us), *unusable, *agreed.decisions, *beyond, *incomplete]
    decisions = sorted(told, key=lambda d: (d.at_us, d.signal))
    run = Run(counted, clock, log, claimed, derived, open_silence(rules, alive, hold_until_us), parts)
    at = candidates(pieces, alive, run.open_silence)
    at_us = unspoilt(at, rules, samples, run, decisions, agreed, incomplete)
    cuts = [c for c in cuts_us if start_us < c < end_us]
    back = [a for a, _ in silent if a < start_us] + [claimed.reaches_back_us]
    return Facts(
        start_us,
        end_us,
        hold_until_us,
        pieces,
        list(cells_between(edges, parts.by_kind, log)),
        decisions,
        run.checkpoints(at_us),
        run.handovers(cuts),
        log.runs,
        min((a for a in back if a is not None), default=None),
    )


def _derived(
    rules: MachineRules,
    samples: MachineSamples,
    counted: dict[str, Counted],
    checkpoint: Checkpoint | None,
    log: ProductLog,
    span_us: tuple[int, int],
    silent: list[tuple[int, int]],
) -> Derived | None:
    """The state as the counters tell it, where nothing else does (S-21)."""
    heard = [counted[s] for s in rules.counting if s in counted and len(counted[s].ts_us)]
    if rules.by_counter is None or not heard:
        return None

    def limits(at_us: Int64s) -> Int64s:
        return np.array([_limit(rules, log, t) for t in at_us.tolist()], np.int64)

    begin_us = max(span_us[0], min(int(c.ts_us[0]) for c in heard))
    words = (samples.symbols.index(RUNNING), samples.symbols.index(STANDING))
    idle = checkpoint.idle if checkpoint else None
    moves = Moves.of(heard, UNITS_PER_COUNT)
    last_us = int(moves.ts_us[-1]) if len(moves.ts_us) else begin_us
    return derive(moves, limits, (begin_us, _end(rules, log, last_us, span_us[1])), words, idle=idle, silences=silent)


def _limit(rules: MachineRules, log: ProductLog, at_us: int) -> int:
    """How long the counters may stand at an instant while the machine runs (S-21)."""
    return rules.by_counter.limit_us(rules.ideal_of(log.at(at_us).product)) if rules.by_counter else NO_LIMIT


def _end(rules: MachineRules, log: ProductLog, last_us: int, end_us: int) -> int:
    """How far facts reach: where a count holds until the next one, as far as it takes to see that it stands (S-21)."""
    if rules.max_age_us is not None or rules.state_source is not None:
        return end_us
    return max(end_us, last_us + _limit(rules, log, last_us) + 1)


def _claims(
    rules: MachineRules,
    samples: MachineSamples,
    derived: Derived | None,
    checkpoint: Checkpoint | None,
    span_us: tuple[int, int],
) -> Claims:
    """Claims of ``[start, end]``: what is said at the end itself is heard for silences and reasons."""
    signals = (derived.series if derived else samples.state, samples.mode, samples.fault)
    standing = checkpoint.standing if checkpoint else None
    return claims(span_us[0], span_us[1] + 1, signals, samples.symbols, rules.meaning, standing)


def _pieces(
    rules: MachineRules,
    counted: dict[str, Counted],
    claimed: Claims,
    silent: list[tuple[int, int]],
    log: ProductLog,
    span_us: tuple[int, int, int],
) -> list[Piece]:
    """Claims of ``[start, end)`` with every silence judged."""
    start_us, end_us, hold_until_us = span_us
    said = pieces = claimed.pieces
    for silence in silent:
        if silence[0] >= start_us:
            ideal_us = rules.ideal_of(log.at(silence[0]).product)
            pieces = overwrite(pieces, _judged(rules, counted, said, silence, ideal_us))
    if hold_until_us < end_us:
        pieces = overwrite(pieces, [Piece(max(hold_until_us, start_us), end_us, Category.NO_DATA)])
    return merge([p.over(p.start_us, min(p.end_us, end_us)) for p in pieces])


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
        kept[signal] = (ts, readings) if good.all() else (ts[good], readings[good])
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
    made = Fraction(0)
    for signal in rules.counting:
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
    return distinct(np.concatenate((minutes, np.array(changes + inner, np.int64))))


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
        lived = union(np.concatenate((starts, marks)), np.concatenate((ends, marks)))
        why = f"its source {rules.counters[signal].source} was silent beside the state (S-26)"
        for since, _ in silences(lived, rules.max_age_us):
            found.append(CounterDecision(since + (rules.max_age_us or 0), signal, "counts_incomplete", "0", why))
    return found
