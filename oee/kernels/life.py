"""Proofs of life of a run, and the silence at its end (S-26, S-28)."""

from __future__ import annotations

import numpy as np

from oee.kernels.intervals import Int64s
from oee.kernels.machine import FOREVER_US, Checkpoint, MachineRules, MachineSamples
from oee.kernels.states import Silence, proofs_of_life


def proofs(samples: MachineSamples, checkpoint: Checkpoint | None) -> tuple[Int64s, Int64s]:
    """Proofs of life, the checkpoint's own included."""
    starts, ends = samples.alive
    if checkpoint is None or not checkpoint.proven:
        starts, ends = proofs_of_life(samples.state, (starts, ends))
        keep = ends >= (checkpoint.at_us if checkpoint else -FOREVER_US)
        return starts[keep], ends[keep]
    at = np.array([checkpoint.at_us], np.int64)
    if checkpoint.silence is not None:
        last = np.array([t for t in (checkpoint.silence.since_us,) if t is not None], np.int64)
        return proofs_of_life(samples.state, (np.concatenate((starts, last)), np.concatenate((ends, last))))
    starts, ends = np.concatenate((np.maximum(starts, at), at)), np.concatenate((np.maximum(ends, at), at))
    starts, ends = proofs_of_life(samples.state, (starts, ends))
    return starts[ends >= at], ends[ends >= at]


def hold_until(rules: MachineRules, alive: tuple[Int64s, Int64s], checkpoint: Checkpoint | None, start_us: int) -> int:
    """Until when the last claim holds (S-26)."""
    if rules.max_age_us is None:
        return FOREVER_US
    if len(alive[1]):
        return int(alive[1][-1]) + rules.max_age_us
    if checkpoint is not None and checkpoint.silence is not None:
        return checkpoint.silence.hold_until_us
    return start_us + rules.max_age_us


def open_silence(rules: MachineRules, alive: tuple[Int64s, Int64s], hold_until_us: int) -> Silence | None:
    """The silence at the end; a derived state knows no more than its counters in it (S-21)."""
    if rules.by_counter is not None:
        return None
    return Silence(int(alive[1][-1]) if len(alive[1]) else None, hold_until_us)
