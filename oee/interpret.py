"""Samples → facts of one machine: raw intervals and parts per minute. Pure, and the same for any chunking (S-42).

A run starts at a checkpoint (or at the machine's first sample) and says everything from there to the last proof of
life. Checkpoints lie only where the machine runs and is proven alive: no stop, silence or late reason reaches across
them, and what a counter still owes is carried as the run time since its last breakpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from oee.kernels.counters import (
    Counted,
    CounterCarry,
    CounterLimits,
    RunClock,
    count,
    difference,
    floor_at,
    pulses,
)
from oee.kernels.intervals import Int64s, union
from oee.kernels.profiles import STATES, mode_category
from oee.kernels.states import (
    Meaning,
    Piece,
    Series,
    claims,
    judge_silence,
    merge,
    overwrite,
    proofs_of_life,
    silences,
)
from oee.model import Category, Cell, CounterDecision

UNITS_PER_COUNT = 1_000_000
"""Readings are taken in millionths of a count, so that a counter of kilograms keeps its fractions exactly."""
MINUTE_US = 60_000_000
CHECKPOINT_US = 15 * MINUTE_US
FOREVER_US = 2**62


@dataclass(frozen=True, slots=True)
class CounterRule:
    """How one counter is read: limits in counts, exact parts per count, whether it reports differences (S-8).

    ``source`` names the connector that it comes from; None has no life of its own.
    """

    modulus: int | None
    max_rate_per_s: Fraction | None
    glitch_tolerance: Fraction
    poll_us: int
    parts_per_count: Fraction
    delta: bool = False
    source: str | None = None

    @property
    def limits(self) -> CounterLimits:
        """The limits in units."""
        return CounterLimits(
            None if self.modulus is None else self.modulus * UNITS_PER_COUNT,
            None if self.max_rate_per_s is None else self.max_rate_per_s * UNITS_PER_COUNT,
            self.glitch_tolerance * UNITS_PER_COUNT,
            self.poll_us,
            UNITS_PER_COUNT,
        )

    @property
    def factor(self) -> Fraction:
        """Parts per unit."""
        return self.parts_per_count / UNITS_PER_COUNT


@dataclass(frozen=True, slots=True)
class MachineRules:
    """All that the configuration says of how one machine's samples are read.

    ``state_map`` is the custom profile by canonical text; ``faults`` gives (reason, its category, setup) by fault code;
    ``max_age_us`` None lets a value hold until the next one (S-26); ``state_source`` names the connector of the state.
    """

    profile: str
    state_map: Mapping[str, Category]
    faults: Mapping[str, tuple[str, Category, bool]]
    max_age_us: int | None
    ideal_cycle_us: Fraction | None
    counters: Mapping[str, CounterRule]
    state_source: str | None = None

    def meaning(self, state: str, mode: str | None, fault: str | None) -> Meaning:
        """What a (state, mode, fault) means (S-20)."""
        table = self.state_map if self.profile == "custom" else STATES[self.profile]
        if state not in table:
            return Meaning(Category.NO_DATA, unmapped=True)
        category, setup = table[state], False
        if mode is not None:
            category, setup = mode_category(self.profile, mode, category)
        reason, reason_category, reason_setup = self.faults.get(fault or "", (None, None, False))
        return Meaning(category, reason, reason_category, setup or reason_setup)


@dataclass(frozen=True, slots=True)
class MachineSamples:
    """Samples of one machine from its checkpoint on, with the text values in force there.

    ``symbols`` resolves the symbol indices of the series; ``counters`` maps a signal to (times [µs], readings);
    ``alive`` are starts and ends in which the source of the state was alive; ``through_us`` is the last proof of life
    of any source. ``counter_alive`` is the same as ``alive`` for counters whose source is another one.
    """

    symbols: tuple[str, ...]
    state: Series
    mode: Series
    fault: Series
    counters: Mapping[str, tuple[Int64s, np.ndarray]]
    alive: tuple[Int64s, Int64s]
    through_us: int
    counter_alive: Mapping[str, tuple[Int64s, Int64s]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CounterState:
    """A counter at a checkpoint: its last settled breakpoint, and the run time [µs] since."""

    carry: CounterCarry
    run_us: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where interpretation can start again: an instant at which the machine ran and was proven alive.

    ``proven`` is False where one configuration hands over to the next: nothing is known of life just then.
    """

    at_us: int
    counters: Mapping[str, CounterState] = field(default_factory=dict)
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run of the interpretation says from ``start_us`` on.

    ``through_us`` is the last proof of life; the last claim holds until ``hold_until_us`` at most (S-26).
    ``handovers`` are checkpoints at the cuts asked for.
    """

    start_us: int
    through_us: int
    hold_until_us: int
    pieces: list[Piece]
    cells: list[Cell]
    decisions: list[CounterDecision]
    checkpoints: list[Checkpoint]
    handovers: list[Checkpoint]


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
    counted = _count(rules, samples, checkpoint)
    proofs = _proofs(samples, checkpoint)
    hold_until_us = _hold_until(rules, proofs, start_us)
    pieces = _pieces(rules, samples, counted, proofs, (start_us, end_us, hold_until_us))
    clock = _run_clock(pieces, checkpoint, start_us)
    edges = _edges(pieces, start_us, end_us, cuts_us)
    parts = _parts(rules, counted, edges, clock)
    if checkpoint is None:  # C(t) counts from the first sample on, a first message of parts included (S-6, S-8)
        for cumulative in parts.values():
            cumulative[0] = 0
    incomplete = _incomplete(rules, samples, end_us)
    decisions = sorted([*_decisions(counted, start_us), *incomplete], key=lambda d: (d.at_us, d.signal))
    at = _candidates(pieces, proofs, end_us)
    at = at[~np.isin(at, [d.at_us for d in decisions]) & ~np.isin(at, samples.state.ts_us[~samples.state.good])]
    for d in incomplete:  # whoever starts within the silence's first max_age could not tell of it
        at = at[(at <= d.at_us - (rules.max_age_us or 0)) | (at > d.at_us)]
    cuts = [c for c in cuts_us if start_us < c < end_us]
    return Facts(
        start_us,
        end_us,
        hold_until_us,
        pieces,
        list(_cells(edges, parts)),
        decisions,
        [_checkpoint(t, counted, clock) for t in at.tolist() if all(c.settled_at(t) for c in counted.values())],
        [replace(_checkpoint(c, counted, clock), proven=False) for c in cuts],
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
    span_us: tuple[int, int, int],
) -> list[Piece]:
    """Claims of ``[start, end)`` with every silence judged; what is said at the end itself is heard for that."""
    start_us, end_us, hold_until_us = span_us
    signals = (samples.state, samples.mode, samples.fault)
    claimed = pieces = claims(start_us, end_us + 1, signals, samples.symbols, rules.meaning)
    for silence in silences(proofs, rules.max_age_us):
        pieces = overwrite(pieces, _judged(rules, counted, claimed, silence))
    if hold_until_us < end_us:
        pieces = overwrite(pieces, [Piece(hold_until_us, end_us, Category.NO_DATA)])
    return merge([replace(p, end_us=min(p.end_us, end_us)) for p in pieces])


def _count(rules: MachineRules, samples: MachineSamples, checkpoint: Checkpoint | None) -> dict[str, Counted]:
    counted = {}
    for signal, rule in rules.counters.items():
        ts, readings = samples.counters.get(signal, (np.empty(0, np.int64), np.empty(0)))
        units = np.rint(readings * UNITS_PER_COUNT).astype(np.int64)
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
    rules: MachineRules, counted: dict[str, Counted], claimed: list[Piece], span: tuple[int, int]
) -> list[Piece]:
    """What a silence was, by the claims in force at its two ends: those that the proofs of life there stand for."""
    before, after = (next((p for p in claimed if p.start_us <= t < p.end_us), None) for t in span)
    if rules.max_age_us is None or before is None:
        return []
    made = _made(rules, counted, span)
    return judge_silence(before, after, span, max_age_us=rules.max_age_us, made=made, ideal_us=rules.ideal_cycle_us)


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


def _parts(rules: MachineRules, counted: dict[str, Counted], edges: Int64s, clock: RunClock) -> dict[str, Int64s]:
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
        return floor_at(difference(have["total"], have[known], clock), edges, clock, factor)
    other = floor_at(have[known], edges, clock, rules.counters[known].factor)
    return floor_at(have["total"], edges, clock, factor) - other


def _cells(edges: Int64s, parts: dict[str, Int64s]) -> Iterator[Cell]:
    """Differences between edges; the count steps at an edge belong to the stretch before it only up to ⌊C(edge)⌋."""
    good, reject, rework = (np.diff(parts[s]) for s in ("good", "reject", "rework"))
    for i in np.flatnonzero((good != 0) | (reject != 0) | (rework != 0)).tolist():
        g, r, w = int(good[i]), int(reject[i]), int(rework[i])
        yield Cell(int(edges[i]), int(edges[i + 1]), g + r + w, g, r, w)


def _decisions(counted: dict[str, Counted], start_us: int) -> list[CounterDecision]:
    return [
        CounterDecision(d.at_us, signal, d.kind, str(Fraction(d.amount, UNITS_PER_COUNT)), d.why)
        for signal, c in counted.items()
        for d in c.decisions
        if d.at_us >= start_us
    ]


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


def _checkpoint(at_us: int, counted: dict[str, Counted], clock: RunClock) -> Checkpoint:
    states = {}
    for signal, c in counted.items():
        carry = c.carry_at(at_us)
        if carry is not None:
            run = clock.at(np.array([carry.ts_us, at_us], np.int64))
            states[signal] = CounterState(carry, int(run[1] - run[0]))
    return Checkpoint(at_us, states)
