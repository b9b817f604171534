"""Machine-shifts per second of interpret + calculate: a machine's eight hours at 1 Hz, from arrays to results."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import numpy as np

from oee.calculate import CalculationRules, cut, settle
from oee.calendar import PlanPiece
from oee.interpret import CounterRule, MachineRules, MachineSamples, interpret
from oee.kernels.ratios import ratios
from oee.kernels.states import Series
from oee.model import US_PER_S, Category

_SECONDS = 8 * 3600
_START_US = 1_763_532_000 * US_PER_S
_LEAST_S = 5.0
_COUNTER = CounterRule(2**32, Fraction(5), Fraction(5), US_PER_S, Fraction(1))
_RULES = MachineRules(
    profile="packml",
    state_map={},
    faults={"17": ("JAM", Category.UNPLANNED_STOP, False)},
    max_age_us=60 * US_PER_S,
    ideal_cycle_us=Fraction(1_000_000),
    counters={"good": _COUNTER, "reject": _COUNTER},
)
_CALCULATION = CalculationRules(10 * US_PER_S, 300 * US_PER_S, True, None, Fraction(1_000_000), True)


def run() -> list[tuple[str, float, str]]:
    """Return (name, figure, unit)."""
    samples = _shift()
    count = len(samples.state.ts_us) + len(samples.fault.ts_us) + sum(len(ts) for ts, _ in samples.counters.values())
    _result(samples)
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < _LEAST_S:
        _result(samples)
        done += 1
    rate = done / (time.perf_counter() - begin)
    return [
        ("interpret + calculate, 8 h at 1 Hz", rate, "machine-shifts/s"),
        ("interpret + calculate", rate * count, "samples/s"),
    ]


def _result(samples: MachineSamples) -> object:
    """One machine's shift: facts, settled categories, the shift and its eight hours, ratios last."""
    facts = interpret(_RULES, samples, None, _START_US)
    plan = [PlanPiece(_START_US, _START_US + _SECONDS * US_PER_S, None)]
    settled = settle(facts.pieces, facts.cells, facts.decisions, plan, _CALCULATION)
    edges = [_START_US + h * 3600 * US_PER_S for h in range(9)]
    windows = [cut(settled, edges[0], edges[-1], _CALCULATION)]
    windows += [cut(settled, a, b, _CALCULATION) for a, b in pairwise(edges)]
    return [ratios(w.elements, quality_known=True, ideal_known=True) for w in windows]


def _shift() -> MachineSamples:
    """Eight hours with a stop every four minutes or so, counters read each second while it runs."""
    rng = np.random.default_rng(1)
    change_s = np.unique(rng.integers(60, _SECONDS, 240))
    second = np.arange(_SECONDS)
    runs = np.searchsorted(change_s, second, side="right") % 2 == 0
    reject = np.cumsum(runs & (rng.random(_SECONDS) < 0.02))
    good = np.cumsum(runs) - reject
    state_ts = _START_US + np.concatenate(([0], change_s)) * US_PER_S
    symbol = np.arange(len(state_ts)) % 2
    true = np.ones(len(state_ts), np.bool_)
    ts = _START_US + second * US_PER_S
    end = int(ts[-1])
    return MachineSamples(
        symbols=("6", "11", "0", "17"),
        state=Series(state_ts, symbol, true),
        mode=Series(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_)),
        fault=Series(state_ts, symbol + 2, true),
        counters={"good": (ts, good.astype(np.float64)), "reject": (ts, reject.astype(np.float64))},
        alive=(np.array([_START_US]), np.array([end])),
        through_us=end,
    )


if __name__ == "__main__":
    for name, figure, unit in run():
        print(f"{name}: {figure:,.1f} {unit}")
