"""Taken up anywhere, a run says what one from the beginning says: reasons, modes, silences, derived states (S-42)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from engine_fixture import UNPLANNED, counter, facts_of, machine, restarted, samples, taken_up
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios import rules_of, samples_of, scenarios, seconds, us
from test_engine_laws import MANY, _from, _until

from oee.interpret import Facts, MachineRules, MachineSamples
from oee.kernels.derive import DERIVED, RUNNING, STANDING, ByCounter
from oee.kernels.states import UNKNOWN, Series, merge
from oee.model import Category

FAULTS = {
    "17": ("JAM", UNPLANNED, False),
    "31": ("CHANGE", Category.PLANNED_STOP, True),
    "40": ("LACK", Category.EXTERNAL_STOP, False),
}
Drawn = tuple[MachineRules, MachineSamples, int]


@st.composite
def faulty(draw: st.DrawFn) -> Drawn:
    """A machine with fault codes and modes beside its state; its words are PackML's."""
    s = draw(scenarios(longest_min=60))
    words = {"run": "6", "stop": "11", "wait": "5", "setup": "2", "gone": "77"}
    fault = [(us(t), draw(st.sampled_from(["17", "31", "40", "0", None]))) for t in draw(seconds(s.length, 8))]
    mode = [(us(t), draw(st.sampled_from(["1", "1", "2"]))) for t in draw(seconds(s.length, 3))]
    heard = samples([(us(t), w and words[w]) for t, w in s.state], fault=fault, mode=mode, through=us(s.length))
    rest = samples_of(s)
    heard = replace(heard, counters=rest.counters, alive=rest.alive, through_us=rest.through_us)
    counters = rules_of(s).counters
    return (
        machine(ideal_s=s.ideal, max_age_s=s.max_age, faults=FAULTS, counters=counters, profile="packml"),
        heard,
        s.length,
    )


@st.composite
def derived(draw: st.DrawFn) -> Drawn:
    """A machine whose counters stand for its state: total, or good and reject; each may be Bad for a while."""
    s = draw(scenarios(longest_min=60))
    names = draw(st.sampled_from([("total",), ("good", "reject")]))
    poll_s, factor = draw(st.sampled_from([0, 15, 60])), draw(st.sampled_from([1, 10]))
    rule = counter(parts_per_count=factor, poll_us=poll_s * 1_000_000)
    ideal = s.ideal if s.ideal or poll_s else 5
    rules = machine(ideal_s=ideal, max_age_s=s.max_age, counters=dict.fromkeys(names, rule), cycles_s=s.cycles)
    by = ByCounter(3, Fraction(factor), poll_s * 1_000_000)
    moves = {n: np.cumsum([draw(st.sampled_from([0, 0, 1, 1, 4, 60])) for _ in range(25)]).tolist() for n in names}
    at_s = {n: draw(seconds(s.length, 25)) or [0] for n in names}
    rows = {n: [(us(t), v) for t, v in zip(at_s[n], moves[n], strict=False)] for n in names}
    heard = replace(samples([(us(0), "run")], **rows), products=samples_of(s).products, symbols=samples_of(s).symbols)
    bad = np.unique(np.array([us(t) for t in draw(seconds(s.length, 2))], np.int64))
    heard = replace(heard, state=_deciding(heard, bad), symbols=(*heard.symbols, RUNNING, STANDING))
    alive = samples_of(s).alive
    through = max(us(s.length), heard.through_us)
    return replace(rules, state_map=DERIVED, by_counter=by), replace(heard, alive=alive, through_us=through), s.length


def _deciding(heard: MachineSamples, bad: np.ndarray) -> Series:
    ts = np.unique(np.concatenate([*(ts for ts, _ in heard.counters.values()), bad]))
    return Series(ts, np.full(len(ts), UNKNOWN, np.int64), ~np.isin(ts, bad))


@settings(MANY, max_examples=150)
@given(st.one_of(faulty(), derived()))
def test_s42_a_run_from_any_checkpoint_says_the_same_of_reasons_and_of_derived_states(drawn: Drawn) -> None:
    rules, heard, _ = drawn
    full = facts_of(rules, heard)
    for checkpoint in full.checkpoints:
        again = restarted(rules, heard, checkpoint)
        assert again.reaches_back_us is None
        assert _from(again, checkpoint.at_us) == _from(full, checkpoint.at_us)


def _settled_us(rules: MachineRules, heard: MachineSamples, now_us: int) -> int:
    """As far as later samples change nothing: the second last sample of each counter, and what it may still stand."""
    known = [ts[ts <= now_us][-2:][0] for ts, _ in heard.counters.values() if (ts <= now_us).any()]
    longest = (
        max((rules.by_counter.limit_us(i) for i in (rules.ideal_cycle_us, *rules.ideal_cycles.values())), default=0)
        if rules.by_counter
        else -1
    )
    return int(min([now_us, *known])) - longest - 1


@settings(MANY, max_examples=200)
@given(st.one_of(faulty(), derived()), st.data())
def test_s42_incremental_equals_full_with_reasons_and_derived_states(drawn: Drawn, data: st.DataObject) -> None:
    rules, heard, length = drawn
    now = us(data.draw(st.integers(0, length)))
    if not any((ts <= now).any() for ts, _ in heard.counters.values()) or not (heard.state.ts_us <= now).any():
        return
    early = facts_of(rules, _until(heard, now))
    usable = [c for c in early.checkpoints if c.at_us <= _settled_us(rules, heard, now)]
    if not usable:
        return
    start, late = taken_up(rules, heard, data.draw(st.sampled_from(usable)), early.checkpoints)
    full, at_us = facts_of(rules, heard), late.start_us
    assert start is None or at_us == start.at_us
    assert _from(late, at_us) == _from(full, at_us)
    kept = [replace(p, end_us=min(p.end_us, at_us)) for p in early.pieces if p.start_us < at_us]
    assert merge(kept + late.pieces) == full.pieces
    assert [c for c in early.cells if c.start_us < at_us] + late.cells == full.cells
