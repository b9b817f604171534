"""Random machines drawn by hypothesis at whole seconds, for laws that need no second opinion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from engine_fixture import CALC, DAY_US, EXCLUDED, HOUR_US, OFF, S_US, counter, machine, samples
from hypothesis import strategies as st

from oee.calculate import CalculationRules
from oee.calendar import PlanPiece
from oee.interpret import MachineRules, MachineSamples
from oee.model import Category

START_US = DAY_US + 6 * HOUR_US


@dataclass(frozen=True)
class Limits:
    modulus: int | None = None
    max_rate_per_s: Fraction | None = None
    glitch_tolerance: int = 0


@dataclass(frozen=True)
class Scenario:
    """One machine for a while: seconds since the start everywhere.

    ``state`` holds (second, word), None for a value of Bad quality; ``alive`` closed stretches; ``marks`` breaks and
    unscheduled time; ``product`` and ``order`` (second, name), "" for none, or None where there is no such signal;
    ``cycles`` ideal cycles by product.
    """

    length: int
    state: Sequence[tuple[int, str | None]]
    counter: Sequence[tuple[int, int]]
    alive: Sequence[tuple[int, int]]
    limits: Limits
    max_age: int | None
    ideal: int | None
    marks: Sequence[tuple[int, int, Category]]
    break_run_counts: bool
    min_stop: int
    small_stop_max: int
    product: Sequence[tuple[int, str | None]] | None = None
    order: Sequence[tuple[int, str | None]] | None = None
    cycles: Mapping[str, int] = field(default_factory=dict)


def us(second: int) -> int:
    return START_US + second * S_US


@st.composite
def seconds(draw: st.DrawFn, length: int, most: int) -> list[int]:
    """Rising instants, often on whole minutes and quarter hours, where edges meet."""
    one = st.one_of(
        st.integers(0, length),
        st.integers(0, length // 60).map(lambda m: m * 60),
        st.integers(0, length // 900).map(lambda q: q * 900),
    )
    return sorted(draw(st.sets(one, max_size=most)))


@st.composite
def readings(draw: st.DrawFn, length: int) -> list[tuple[int, int]]:
    value, rows = draw(st.integers(0, 990)), []
    for t in draw(seconds(length, 14)):
        move = draw(st.sampled_from([0, 0, 1, 2, 5, 30, 30, 200, 5000, -1, -2, -4, -500, -10_000]))
        value = max(value + move, 0) if move > -10_000 else draw(st.integers(0, 20))
        rows.append((t, value))
    return rows


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    return Limits(
        draw(st.sampled_from([None, None, 1000])),
        draw(st.sampled_from([None, None, Fraction(1, 2), Fraction(7, 3)])),
        draw(st.sampled_from([0, 3])),
    )


@st.composite
def scenarios(draw: st.DrawFn, longest_min: int = 60) -> Scenario:
    length = 60 * draw(st.integers(5, longest_min))
    words = st.sampled_from(["run", "run", "run", "stop", "wait", "setup", "gone", None])
    state = [(t, draw(words)) for t in draw(seconds(length, 12)) if t > 0]
    first = (0, draw(st.sampled_from(["run", "stop"])))
    edges = draw(seconds(length, 6))
    gaps = draw(st.booleans())
    alive = list(zip(edges[::2], edges[1::2], strict=False)) if gaps else [(0, length)]
    marks, cursor = [], 0
    for m in sorted(draw(st.sets(st.integers(0, length // 60), max_size=4))):
        a, b = cursor, m * 60
        kind = draw(st.sampled_from([None, None, EXCLUDED, OFF]))
        if kind is not None and a < b:
            marks.append((a, b, kind))
        cursor = b
    return Scenario(
        length,
        [first, *state],
        draw(readings(length)),
        alive,
        draw(limits()),
        draw(st.sampled_from([None, 30, 120])),
        draw(st.sampled_from([None, 1, 7])),
        marks,
        draw(st.booleans()),
        10,
        draw(st.sampled_from([60, 300])),
        draw(st.none() | names(length, state, ["A", "B", "X", "", None])),
        draw(st.none() | names(length, state, ["1", "2", "", None])),
        draw(st.sampled_from([{}, {"A": 1, "B": 7}, {"B": 3}])),
    )


@st.composite
def names(
    draw: st.DrawFn, length: int, state: list[tuple[int, str | None]], words: list[str | None]
) -> list[tuple[int, str | None]]:
    """Products or orders, often in the very moment in which the state changes."""
    moments = draw(st.lists(st.sampled_from([t for t, _ in state]), max_size=4)) if state else []
    return [(t, draw(st.sampled_from(words))) for t in sorted({*moments, *draw(seconds(length, 4))})]


def rules_of(s: Scenario) -> MachineRules:
    rate = s.limits.max_rate_per_s
    total = counter(modulus=s.limits.modulus, max_rate_per_s=rate, glitch_tolerance=s.limits.glitch_tolerance)
    return machine(ideal_s=s.ideal, max_age_s=s.max_age, counters={"total": total}, cycles_s=s.cycles)


def samples_of(s: Scenario) -> MachineSamples:
    return samples(
        [(us(t), w) for t, w in s.state],
        product=None if s.product is None else [(us(t), w) for t, w in s.product],
        order=None if s.order is None else [(us(t), w) for t, w in s.order],
        alive=[(us(a), us(b)) for a, b in s.alive],
        through=us(s.length),
        total=[(us(t), v) for t, v in s.counter],
    )


def calculation_of(s: Scenario) -> CalculationRules:
    return CalculationRules(
        s.min_stop * S_US,
        s.small_stop_max * S_US,
        s.break_run_counts,
        None,
        None if s.ideal is None else Fraction(s.ideal * S_US),
        CALC.quality_known,
        {product: Fraction(cycle * S_US) for product, cycle in s.cycles.items()},
    )


def plan_of(s: Scenario) -> list[PlanPiece]:
    pieces, cursor = [], 0
    for a, b, category in s.marks:
        mark = PlanPiece(us(a), us(b), category, "Mark", is_break=category is EXCLUDED)
        pieces += [PlanPiece(us(cursor), us(a), None), mark]
        cursor = b
    pieces.append(PlanPiece(us(cursor), us(s.length), None))
    return [p for p in pieces if p.start_us < p.end_us]
