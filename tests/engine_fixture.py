"""A machine in memory: samples written as short lists, through the public facades of the engine to one result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np

from oee.calculate import CalculationRules, Settled, cut, extend, settle
from oee.calendar import PlanPiece
from oee.interpret import Checkpoint, CounterRule, Facts, MachineRules, MachineSamples, interpret
from oee.kernels.products import KEYS
from oee.kernels.states import Series, in_silence
from oee.model import Category, WindowResult

S_US = 1_000_000
MIN_US = 60 * S_US
HOUR_US = 60 * MIN_US
DAY_US = round(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * S_US
"""2026-03-02T00:00Z, the day on which most of the examples play."""

RUN, PLANNED, UNPLANNED, EXTERNAL, SMALL, NO_DATA, EXCLUDED, OFF = (
    Category.RUN,
    Category.PLANNED_STOP,
    Category.UNPLANNED_STOP,
    Category.EXTERNAL_STOP,
    Category.SMALL_STOP,
    Category.NO_DATA,
    Category.EXCLUDED,
    Category.NOT_SCHEDULED,
)
STATES = {"run": RUN, "stop": UNPLANNED, "wait": EXTERNAL, "setup": PLANNED}
BAD = None
"""Stands for a sample whose quality is Bad."""

Texts = Sequence[tuple[int, str | None]]


def at(clock: str) -> int:
    """µs of a time of day such as 06:00, 06:00:30 or 06:00:30.5."""
    hours, minutes, *seconds = clock.split(":")
    s = Fraction(seconds[0]) if seconds else 0
    return DAY_US + int(hours) * HOUR_US + int(minutes) * MIN_US + int(s * S_US)


COUNTER = CounterRule(None, None, Fraction(0), 0, Fraction(1))
RULES = MachineRules("custom", STATES, {}, None, None, {"total": COUNTER})
CALC = CalculationRules(10 * S_US, 300 * S_US, True, None, None, True)


def counter(
    *,
    modulus: int | None = None,
    max_rate_per_s: Fraction | int | None = None,
    glitch_tolerance: int = 0,
    poll_us: int = 0,
    parts_per_count: Fraction | int = 1,
    delta: bool = False,
) -> CounterRule:
    """A counter; plain and unlimited where nothing is said."""
    rate = None if max_rate_per_s is None else Fraction(max_rate_per_s)
    return CounterRule(modulus, rate, Fraction(glitch_tolerance), poll_us, Fraction(parts_per_count), delta)


def machine(
    *,
    ideal_s: Fraction | float | None = None,
    max_age_s: int | None = None,
    counters: Mapping[str, CounterRule] | None = None,
    faults: Mapping[str, tuple[str, Category, bool]] | None = None,
    profile: str = "custom",
    cycles_s: Mapping[str, int] | None = None,
) -> MachineRules:
    """Rules of a machine whose states are run, stop, wait and setup; ``cycles_s`` are ideal cycles by product."""
    return MachineRules(
        profile,
        STATES,
        faults or {},
        None if max_age_s is None else max_age_s * S_US,
        None if ideal_s is None else Fraction(str(ideal_s)) * S_US,
        {"total": COUNTER} if counters is None else counters,
        ideal_cycles={p: Fraction(s * S_US) for p, s in (cycles_s or {}).items()},
    )


def samples(
    state: Texts = (),
    *,
    mode: Texts = (),
    fault: Texts = (),
    product: Texts | None = None,
    order: Texts | None = None,
    alive: Sequence[tuple[int, int]] = (),
    through: int | None = None,
    **counters: Sequence[tuple[int, float]],
) -> MachineSamples:
    """Samples in order of time; ``through`` is the last proof of life where it is later than all of them.

    A product or order that is None is not followed.
    """
    made = {key: rows for key, rows in zip(KEYS, (product, order), strict=True) if rows is not None}
    texts = (state, mode, fault, *made.values())
    words = sorted({w for series in texts for _, w in series if w is not None})
    index = {w: i for i, w in enumerate(words)}
    moments = [t for series in (*texts, *counters.values()) for t, *_ in series] + [b for _, b in alive]
    starts, ends = np.array(list(alive), np.int64).reshape(-1, 2).T
    return MachineSamples(
        tuple(words),
        *(_series(s, index) for s in (state, mode, fault)),
        counters={
            name: (np.array([t for t, _ in rows], np.int64), np.array([float(v) for _, v in rows]))
            for name, rows in counters.items()
        },
        alive=(starts, ends),
        through_us=max([*moments, through or moments[0]]),
        products={key: _series(rows, index) for key, rows in made.items()},
    )


def _series(rows: Texts, index: Mapping[str, int]) -> Series:
    return Series(
        np.array([t for t, _ in rows], np.int64),
        np.array([index[w] if w is not None else -1 for _, w in rows], np.int64),
        np.array([w is not None for _, w in rows], np.bool_),
    )


def first_us(s: MachineSamples) -> int:
    """The first sample of all."""
    moments = [x.ts_us for x in (s.state, s.mode, s.fault, *s.products.values())]
    moments += [ts for ts, _ in s.counters.values()]
    return min(int(m[0]) for m in moments if len(m))


def facts_of(rules: MachineRules, s: MachineSamples, cuts_us: tuple[int, ...] = ()) -> Facts:
    """Interpret from the first sample on."""
    return interpret(rules, s, None, first_us(s), cuts_us)


def restarted(rules: MachineRules, s: MachineSamples, checkpoint: Checkpoint) -> Facts:
    """Interpret from a checkpoint on, with exactly what the store hands over: values in force, later samples."""
    return interpret(rules, samples_from(s, checkpoint), checkpoint, checkpoint.at_us)


def taken_up(
    rules: MachineRules, s: MachineSamples, checkpoint: Checkpoint, earlier: Sequence[Checkpoint]
) -> tuple[Checkpoint | None, Facts]:
    """Interpret from a checkpoint, or from an earlier one where what is heard reaches back; None is the start."""
    start: Checkpoint | None = checkpoint
    while start is not None:
        facts = restarted(rules, s, start)
        back = facts.reaches_back_us
        if back is None:
            return start, facts
        assert back < start.at_us
        start = max((c for c in earlier if c.at_us <= back), key=lambda c: c.at_us, default=None)
    return None, facts_of(rules, s)


def samples_from(s: MachineSamples, checkpoint: Checkpoint) -> MachineSamples:
    """Samples from a checkpoint on; counters from their carries on."""
    start = checkpoint.at_us
    carried = {name: state.carry.ts_us for name, state in checkpoint.counters.items()}
    counters = {}
    for name, (ts, values) in s.counters.items():
        keep = ts > carried.get(name, -(2**62))
        counters[name] = (ts[keep], values[keep])
    starts, ends = s.alive
    keep = ends >= start
    state = _from(s.state, start)
    if checkpoint.silence is not None:
        last = np.flatnonzero(s.state.ts_us <= start)[-1:]
        state = in_silence(state, checkpoint.silence, start, is_bad=bool(len(last)) and not s.state.good[last[0]])
    return replace(
        s,
        state=state,
        mode=_from(s.mode, start),
        fault=_from(s.fault, start),
        products={key: _from(series, start) for key, series in s.products.items()},
        counters=counters,
        alive=(np.maximum(starts[keep], start), ends[keep]),
    )


def _from(series: Series, start_us: int) -> Series:
    later = series.ts_us > start_us
    held = np.flatnonzero(series.good & ~later)[-1:]
    ts = np.concatenate((np.full(len(held), start_us, np.int64), series.ts_us[later]))
    symbol = np.concatenate((series.symbol[held], series.symbol[later]))
    return Series(ts, symbol, np.concatenate((series.good[held], series.good[later])))


def planned(start: int, end: int, *marks: tuple[int, int, Category]) -> list[PlanPiece]:
    """A calendar of one shift ``[start, end)`` with marked stretches such as breaks, nothing scheduled around it."""
    pieces = [PlanPiece(start - 30 * HOUR_US, start, OFF, "off")]
    cursor = start
    for a, b, category in sorted(marks):
        pieces += [PlanPiece(cursor, a, None), PlanPiece(a, b, category, "Mark", is_break=category is EXCLUDED)]
        cursor = b
    pieces += [PlanPiece(cursor, end, None), PlanPiece(end, end + 30 * HOUR_US, OFF, "off")]
    return [p for p in pieces if p.start_us < p.end_us]


def told_until(plan: Sequence[PlanPiece], until_us: int) -> list[PlanPiece]:
    """The calendar as far as now."""
    return [replace(p, end_us=min(p.end_us, until_us)) for p in plan if p.start_us < until_us]


def settled_of(
    facts: Facts, plan: Sequence[PlanPiece], rules: CalculationRules = CALC, until_us: int | None = None
) -> Settled:
    """Final categories over the calendar, told up to ``until_us`` (the last proof of life where not given)."""
    until = facts.through_us if until_us is None else until_us
    pieces = extend(facts.pieces, facts.through_us, facts.hold_until_us, until)
    return settle(pieces, facts.cells, facts.decisions, told_until(plan, until), rules, facts.runs)


def result_of(
    facts: Facts,
    plan: Sequence[PlanPiece],
    window: tuple[int, int],
    rules: CalculationRules = CALC,
    *,
    until_us: int | None = None,
    live: bool = False,
) -> WindowResult:
    """Elements, segments, stops and flags of a window."""
    return cut(settled_of(facts, plan, rules, until_us), *window, rules, live=live)


def spans(facts: Facts) -> list[tuple[int, int, Category]]:
    """Raw pieces as (start, end, category)."""
    return [(p.start_us, p.end_us, p.category) for p in facts.pieces]


def parts_of(facts: Facts, start: int, end: int) -> tuple[int, int, int, int]:
    """Total, good, reject and rework of the cells that start in ``[start, end)``."""
    rows = [
        (c.total_count, c.good_count, c.reject_count, c.rework_count) for c in facts.cells if start <= c.start_us < end
    ]
    total, good, reject, rework = (sum(r[i] for r in rows) for i in range(4))
    return total, good, reject, rework
