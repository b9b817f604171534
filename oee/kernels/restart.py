"""Where interpretation can start again: instants at which all that reaches across is known and small (S-42).

What may still change at such an instant is carried, or leads a later run back (`Facts.reaches_back_us`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oee.kernels.agreement import Agreement
from oee.kernels.cells import Parts
from oee.kernels.claims import Claims
from oee.kernels.counters import Counted, CounterCarry
from oee.kernels.derive import Derived
from oee.kernels.intervals import Int64s, distinct
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

    def checkpoints(self, at_us: Sequence[int]) -> list[Checkpoint]:
        """All that reaches across each of the instants."""
        return [
            Checkpoint(
                t,
                counters,
                products=self.log.before(t),
                standing=self.claims.standing_at(t),
                silence=self._silence_at(t),
                idle=self.derived.is_idle(t) if self.derived else None,
                owing=self.parts.owing_at(t),
            )
            for t, counters in zip(at_us, self._counters(at_us), strict=True)
        ]

    def handovers(self, at_us: Sequence[int]) -> list[Checkpoint]:
        """What one configuration hands over to the next, which judges states by itself."""
        known = zip(at_us, self._counters(at_us), strict=True)
        return [
            Checkpoint(t, counters, proven=False, products=self.log.before(t), owing=self.parts.owing_at(t))
            for t, counters in known
        ]

    def _silence_at(self, at_us: int) -> Silence | None:
        silence = self.open_silence
        if silence is not None and silence.since_us is not None and at_us <= silence.since_us:
            return None
        return silence

    def _counters(self, at_us: Sequence[int]) -> list[dict[str, CounterState]]:
        """Every counter at all instants in one go: those that were heard by then."""
        found: list[dict[str, CounterState]] = [{} for _ in at_us]
        at = np.array(at_us, np.int64)
        for signal, c in self.counted.items():
            k = np.searchsorted(c.ts_us, at, side="right") - 1
            heard = np.flatnonzero(k >= 0)
            k = k[heard]
            run_us = self.clock.at(at[heard]) - self.clock.at(c.ts_us[k])
            rows = (a.tolist() for a in (heard, c.ts_us[k], c.reference[k], c.total[k], run_us))
            for n, ts_us, value, total, run in zip(*rows, strict=True):
                found[n][signal] = CounterState(CounterCarry(ts_us, value, total), run)
        return found

    def settled(self, at_us: Int64s) -> NDArray[np.bool_]:
        """Whether no later sample changes what any counter's newest one at each instant means (S-2)."""
        settled = np.ones(len(at_us), np.bool_)
        for c in self.counted.values():
            k = np.searchsorted(c.ts_us, at_us, side="right") - 1
            settled[k >= 0] &= c.settled[k[k >= 0]]
        return settled


def candidates(pieces: list[Piece], proofs: tuple[Int64s, Int64s], open_silence: Silence | None) -> Int64s:
    """Quarter hours, and the newest whole minute, within pieces: proven alive, or in the silence that is still open."""
    if not pieces:
        return np.empty(0, np.int64)
    start_us, end_us = pieces[0].start_us, pieces[-1].end_us
    quarter = np.arange(start_us // CHECKPOINT_US + 1, end_us // CHECKPOINT_US + 1) * CHECKPOINT_US
    newest = np.array([end_us // MINUTE_US * MINUTE_US], np.int64)
    at = distinct(np.concatenate((quarter, newest)))
    known = _inside(at, *proofs)
    if open_silence is not None:
        known |= at > (start_us if open_silence.since_us is None else open_silence.since_us)
    edges = {p.end_us for p in pieces}
    inside = [start_us < t and t not in edges for t in at.tolist()]
    found: Int64s = at[known & np.array(inside, np.bool_)]
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
    bad = samples.state.ts_us[~samples.state.good].tolist()
    spoilt = {*(d.at_us for d in decisions), *bad, *agreed.unsettled_us}
    at = at[np.array([t not in spoilt for t in at.tolist()], np.bool_)]
    if run.derived is not None:
        at = at[run.derived.is_decided(at)]
    for d in incomplete:  # whoever starts within the silence's first max_age could not tell of it
        at = at[(at <= d.at_us - (rules.max_age_us or 0)) | (at > d.at_us)]
    told: list[int] = at[run.settled(at)].tolist()
    return told


def _inside(at: Int64s, starts: Int64s, ends: Int64s) -> np.ndarray:
    if len(starts) == 0:
        return np.zeros(len(at), np.bool_)
    k = np.maximum(np.searchsorted(starts, at, side="right") - 1, 0)
    inside: np.ndarray = (starts[k] <= at) & (at <= ends[k])
    return inside
