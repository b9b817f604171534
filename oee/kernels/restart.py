"""Where interpretation can start again: instants at which all that reaches across is known and small (S-42).

What may still change at such an instant is carried, or leads a later run back (`Facts.reaches_back_us`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from oee.kernels.agreement import Agreement
from oee.kernels.cells import Parts
from oee.kernels.claims import Claims
from oee.kernels.counters import Counted
from oee.kernels.derive import Derived
from oee.kernels.intervals import Int64s
from oee.kernels.machine import CHECKPOINT_US, MINUTE_US, Checkpoint, CounterState, MachineRules, MachineSamples
from oee.kernels.parts import RunClock
from oee.kernels.products import ProductLog
from oee.kernels.states import Piece, Silence
from oee.model import CounterDecision


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of the interpretation knows, as checkpoints need it."""

    counted: Mapping[str, Counted]
    clock: RunClock
    log: ProductLog
    claims: Claims
    derived: Derived | None
    open_silence: Silence | None
    parts: Parts

    def checkpoint(self, at_us: int) -> Checkpoint:
        """All that reaches across an instant."""
        silence = self.open_silence
        if silence is not None and silence.since_us is not None and at_us <= silence.since_us:
            silence = None
        return Checkpoint(
            at_us,
            dict(self._counters(at_us)),
            products=self.log.before(at_us),
            standing=self.claims.standing_at(at_us),
            silence=silence,
            idle=self.derived.is_idle(at_us) if self.derived else None,
            owing=self.parts.owing_at(at_us),
        )

    def handover(self, at_us: int) -> Checkpoint:
        """What one configuration hands over to the next, which judges states by itself."""
        counters, owing = dict(self._counters(at_us)), self.parts.owing_at(at_us)
        return Checkpoint(at_us, counters, proven=False, products=self.log.before(at_us), owing=owing)

    def _counters(self, at_us: int) -> Iterable[tuple[str, CounterState]]:
        for signal, c in self.counted.items():
            carry = c.carry_at(at_us)
            if carry is not None:
                run = self.clock.at(np.array([carry.ts_us, at_us], np.int64))
                yield signal, CounterState(carry, int(run[1] - run[0]))


def candidates(pieces: list[Piece], proofs: tuple[Int64s, Int64s], open_silence: Silence | None) -> Int64s:
    """Quarter hours, and the newest whole minute, within pieces: proven alive, or in the silence that is still open."""
    if not pieces:
        return np.empty(0, np.int64)
    start_us, end_us = pieces[0].start_us, pieces[-1].end_us
    quarter = np.arange(start_us // CHECKPOINT_US + 1, end_us // CHECKPOINT_US + 1) * CHECKPOINT_US
    newest = np.array([end_us // MINUTE_US * MINUTE_US], np.int64)
    at = np.unique(np.concatenate((quarter, newest)))
    known = _inside(at, *proofs)
    if open_silence is not None:
        known |= at > (start_us if open_silence.since_us is None else open_silence.since_us)
    edges = np.array([start_us, *(p.end_us for p in pieces)], np.int64)
    found: Int64s = at[known & (at > start_us) & ~np.isin(at, edges)]
    return found


def unspoilt(
    at: Int64s,
    rules: MachineRules,
    samples: MachineSamples,
    run: Run,
    decisions: Iterable[CounterDecision],
    agreed: Agreement,
    incomplete: Iterable[CounterDecision],
) -> list[int]:
    """Instants from which a run tells the same as one from the beginning."""
    at = at[~np.isin(at, [d.at_us for d in decisions]) & ~np.isin(at, samples.state.ts_us[~samples.state.good])]
    at = at[~np.isin(at, agreed.unsettled_us)]
    if run.derived is not None:
        at = at[run.derived.is_decided(at)]
    for d in incomplete:  # whoever starts within the silence's first max_age could not tell of it
        at = at[(at <= d.at_us - (rules.max_age_us or 0)) | (at > d.at_us)]
    return [t for t in at.tolist() if all(c.settled_at(t) for c in run.counted.values())]


def _inside(at: Int64s, starts: Int64s, ends: Int64s) -> np.ndarray:
    if len(starts) == 0:
        return np.zeros(len(at), np.bool_)
    k = np.maximum(np.searchsorted(starts, at, side="right") - 1, 0)
    inside: np.ndarray = (starts[k] <= at) & (at <= ends[k])
    return inside
