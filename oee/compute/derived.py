"""States without a state signal, from the configuration and out of the database (S-21)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypedDict

import numpy as np

from oee.config.model import MachineConfig, SignalConfig
from oee.interpret import CounterRule, MachineRules
from oee.kernels.derive import DERIVED, RUNNING, STANDING, ByCounter
from oee.kernels.states import UNKNOWN, Series
from oee.model import Category
from oee.store.database import Session
from oee.store.samples import GOOD_LIMIT
from oee.store.series import in_force, read_series


class Derivation(TypedDict, total=False):
    """The fields of `MachineRules` that stand in for a state signal."""

    state_map: Mapping[str, Category]
    state_source: str | None
    by_counter: ByCounter
    above: float


def derivation(machine: MachineConfig, counters: Mapping[str, CounterRule], k: int) -> Derivation:
    """How counters or the speed stand for the state; nothing where a signal tells it."""
    state, speed = machine.signals.get("state"), machine.signals.get("speed")
    if state is None or state.derive is None:
        return {}
    if state.derive == "speed" and speed is not None and state.above is not None:
        return {"state_map": DERIVED, "state_source": speed.connector, "above": _raw(state.above, speed)}
    heard = [counters["total"]] if "total" in counters else list(counters.values())
    by = ByCounter(k, max(c.parts_per_count for c in heard), max(c.poll_us for c in heard))
    return {"state_map": DERIVED, "state_source": heard[0].source, "by_counter": by}


def _raw(above: Fraction, speed: SignalConfig) -> float:
    """The threshold as the device tells it."""
    return float((above - speed.offset) / speed.scale)


def deciding_tags(rules: MachineRules, tags: Mapping[str, int]) -> list[int]:
    """Tags of the signals that tell the state, or stand for it."""
    stand_ins = ("speed",) if rules.above is not None else rules.counting
    signals = stand_ins if rules.is_derived else ("state",)
    return [tags[s] for s in signals if s in tags]


def derived_state(
    conn: Session, deciding: list[int], rules: MachineRules, span_us: tuple[int, int], words: int, *, held: bool
) -> Series:
    """What stands for the samples of the state signal over ``[start, end)``.

    The speed as words; of counters only when they were heard and whether that was Good (S-28).

    Parameters
    ----------
    words : how many symbols the machine has; `WORDS` follow them.
    held : whether the value in force at the start counts.
    """
    start_us, end_us = span_us
    before = [v for _, v in in_force(conn, deciding, start_us).values()] if held else []
    found = read_series(conn, deciding, start_us + 1, end_us).values()
    ts = np.concatenate([np.full(len(before), start_us, np.int64), *(ts for ts, _, _ in found)])
    values = np.concatenate([np.array(before, np.float64), *(v for _, v, _ in found)])
    quality = np.concatenate([np.zeros(len(before), np.int32), *(q for _, _, q in found)])
    order = np.argsort(ts, kind="stable")
    ts, values, quality = ts[order], values[order], quality[order]
    good = (quality >= 0) & (quality < GOOD_LIMIT) & np.isfinite(values)
    if rules.above is None:
        return Series(ts, np.full(len(ts), UNKNOWN, np.int64), good)
    symbol = np.where(values > rules.above, words + WORDS.index(RUNNING), words + WORDS.index(STANDING))
    return Series(ts, np.where(good, symbol, UNKNOWN), good)


WORDS = (RUNNING, STANDING)
"""Symbols that follow those of a machine's own words."""
