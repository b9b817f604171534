"""Taken up anywhere, a run says what one from the beginning says: reasons, modes, silences, derived states (S-42)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from engine_fixture import UNPLANNED, counter, facts_of, machine, restarted, samples, taken_up
from scenarios import START_US, us
from test_engine_laws import _from, _until

from oee.interpret import MachineRules, MachineSamples
from oee.kernels.derive import DERIVED, RUNNING, STANDING, ByCounter
from oee.kernels.states import UNKNOWN, Series, merge
from oee.model import Category

FAULTS = {
    "17": ("JAM", UNPLANNED, False),
    "31": ("CHANGE", Category.PLANNED_STOP, True),
    "40": ("LACK", Category.EXTERNAL_STOP, False),
}
Drawn = tuple[MachineRules, MachineSamples, int]
LENGTH_S = 5400


def moments(rng: Random, mean_s: int, least: int = 0) -> list[int]:
    """Seconds in order of time, often on whole minutes, where edges meet."""
    found, t = set(range(least)), 0
    while (t := t + rng.randrange(1, 2 * mean_s)) < LENGTH_S:
        found.add(t if rng.random() < 0.6 else t // 60 * 60)
    return sorted(found)


def words(rng: Random, mean_s: int, choices: Sequence[str | None]) -> list[tuple[int, str | None]]:
    return [(us(t), rng.choice(choices)) for t in moments(rng, mean_s)]


def lives(rng: Random) -> list[tuple[int, int]]:
    """All the time, or in stretches with silences between them."""
    if rng.random() < 0.5:
        return [(START_US, us(LENGTH_S))]
    edges = [0, *moments(rng, 700)]
    return [(us(a), us(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)] or [(START_US, us(60))]


def told(rng: Random) -> Drawn:
    """A machine with PackML states, modes and fault codes; some values are Bad, some states unmapped."""
    state = [(START_US, rng.choice(["6", "11", None])), *words(rng, 600, ["6", "6", "11", "11", "5", "77", None])]
    fault = words(rng, rng.choice([400, 3000]), ["17", "31", "40", "0", None])
    mode = words(rng, 3000, ["1", "1", "2"])
    value, rows = 0, []
    for t in moments(rng, rng.choice([20, 200])):
        value = max(value + rng.choice([0, 0, 1, 3, 30, -1, -900]), 0)
        rows.append((us(t), value))
    heard = samples(state, fault=fault, mode=mode, alive=lives(rng), through=us(LENGTH_S), total=rows)
    rule = counter(glitch_tolerance=rng.choice([0, 2]), max_rate_per_s=rng.choice([None, 1]))
    age, ideal = rng.choice([None, 30, 120]), rng.choice([None, 1, 7])
    rules = machine(ideal_s=ideal, max_age_s=age, faults=FAULTS, counters={"total": rule}, profile="packml")
    return rules, heard, -1


def derived(rng: Random) -> Drawn:
    """A machine whose counters stand for its state: total, or good and reject; values may be Bad for a while."""
    names = rng.choice([("total",), ("good", "reject")])
    poll_s, factor = rng.choice([0, 15, 60]), rng.choice([1, 10])
    rule = counter(parts_per_count=factor, poll_us=poll_s * 1_000_000)
    product = [(us(t), w) for t, w in zip(moments(rng, 1500), "ABABAB", strict=False)]
    rules = machine(
        ideal_s=5, max_age_s=rng.choice([None, 60]), counters=dict.fromkeys(names, rule), cycles_s={"A": 2, "B": 20}
    )
    rules = replace(rules, state_map=DERIVED, by_counter=ByCounter(3, Fraction(factor), poll_s * 1_000_000))
    rows = {name: _counts(rng) for name in names}
    heard = samples(product=product, alive=lives(rng), through=us(LENGTH_S), **rows)
    heard = replace(heard, symbols=(*heard.symbols, RUNNING, STANDING), state=_deciding(rng, heard))
    assert rules.by_counter is not None
    return rules, heard, rules.by_counter.limit_us(Fraction(20_000_000))


def _counts(rng: Random) -> list[tuple[int, int]]:
    value, rows, t = 0, [], 0
    while t < LENGTH_S:
        t += rng.choice([1, 5, 5, 5, 10, 10, 30, 200, 1200]) if rng.random() < 0.3 else 7
        value += rng.choice([0, 1, 1, 1, 2, 40])
        rows.append((us(t), value))
    return rows


def _deciding(rng: Random, heard: MachineSamples) -> Series:
    """What proves the counters' life: their samples, and some Bad ones."""
    bad = np.array([us(t) for t in moments(rng, 1500)], np.int64)
    ts = np.unique(np.concatenate([*(ts for ts, _ in heard.counters.values()), bad]))
    return Series(ts, np.full(len(ts), UNKNOWN, np.int64), ~np.isin(ts, bad))


KINDS = pytest.mark.parametrize("draw", [told, derived])


@KINDS
def test_s42_a_run_from_any_checkpoint_says_the_same(draw: Callable[[Random], Drawn]) -> None:
    tried = Counter[str]()
    for seed in range(60):
        rules, heard, _ = draw(Random(seed))
        full = facts_of(rules, heard)
        for c in full.checkpoints:
            again = restarted(rules, heard, c)
            assert again.reaches_back_us is None, seed
            assert _from(again, c.at_us) == _from(full, c.at_us), (seed, c)
            tried.update({"silence": bool(c.silence), "standing": bool(c.standing), "run": not c.standing})
    assert min(tried["standing"], tried["run"]) > 15, tried


@KINDS
def test_s42_incremental_equals_full(draw: Callable[[Random], Drawn]) -> None:
    """What had arrived by some minute is told, then all of it, from any checkpoint before what may still change."""
    tried = Counter[str]()
    for seed in range(100):
        rng = Random(seed)
        rules, heard, limit_us = draw(rng)
        now = us(rng.randrange(1800, LENGTH_S) // 60 * 60 + rng.choice([0, 7]))
        early, full = facts_of(rules, _until(heard, now)), facts_of(rules, heard)
        settled_us = min(now, *(int(ts[ts <= now][-2:][0]) for ts, _ in heard.counters.values() if (ts <= now).any()))
        for c in (c for c in early.checkpoints if c.at_us <= settled_us - limit_us - 1):
            start, late = taken_up(rules, heard, c, early.checkpoints)
            at_us = late.start_us
            tried["direct" if start is c else "back" if start else "from the beginning"] += 1
            assert _from(late, at_us) == _from(full, at_us), seed
            kept = [replace(p, end_us=min(p.end_us, at_us)) for p in early.pieces if p.start_us < at_us]
            assert merge(kept + late.pieces) == full.pieces, seed
            assert [x for x in early.cells if x.start_us < at_us] + late.cells == full.cells, seed
    assert tried["direct"] > 60, tried
    assert draw is derived or tried["back"] + tried["from the beginning"] > 8, tried
