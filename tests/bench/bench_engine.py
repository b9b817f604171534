"""``make bench-engine``: a thousand machines' shifts from arrays to results, on one core.

Beside samples per second: how the time splits into one per machine-shift and one per sample, how many times as fast
the rules told slowly (`tests/reference`) are, and how numpy's own sum over the same arrays compares.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from oee.calculate import cut, settle
from oee.compute.rules import calculation_rules
from oee.interpret import interpret
from oee.kernels.ratios import ratios
from oee.model import US_PER_S, WindowResult
from tests.bench.machine_shifts import DAY, END_US, PLAN, START_US, MachineShift, machine_shifts

sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.case import Case
from reference.result import Answer
from reference.section2_indicators import indicators

MACHINES, SOME_MACHINES, CHUNK = 1000, 100, 20
REFERENCE_MACHINES = (1, 6, 9, 13, 14)
"""Three fast ones and two slow ones, as the plant has them; the reference knows no start-up rejects, nor do these."""
_HOURS = list(pairwise(range(START_US, END_US + 1, 3600 * US_PER_S)))
WINDOWS = ((START_US, END_US), *_HOURS)


@dataclass
class Clock:
    """Wall and processor time of what runs in it [s]."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu


@dataclass
class Measured:
    """Machines, their samples, and the time that they took."""

    machines: int = 0
    samples: int = 0
    clock: Clock = field(default_factory=Clock)

    def time(self, work: Callable[[], object], shift: MachineShift) -> None:
        with self.clock.running():
            work()
        self.machines, self.samples = self.machines + 1, self.samples + shift.count

    @property
    def ms(self) -> float:
        """Processor time per machine-shift."""
        return self.clock.cpu_s / self.machines * 1e3


def run(machines: int = SOME_MACHINES) -> list[tuple[str, float, str]]:
    """Return (name, figure, unit)."""
    fast, slow, summing = Measured(), Measured(), Clock()
    results(next(machine_shifts(0, 1)))  # the first call of numpy's functions is no measure of them
    for first in range(0, machines, CHUNK):
        shifts = list(machine_shifts(first, min(CHUNK, machines - first)))
        for shift in shifts:
            (fast if shift.fast else slow).time(lambda s=shift: results(s), shift)
        with summing.running():
            for ts_us, values in (rows for s in shifts for rows in s.arrays):
                np.sum(ts_us), np.sum(values)
    return [*_rates(fast, slow, summing), *_against_reference()]


def _rates(fast: Measured, slow: Measured, summing: Clock) -> list[tuple[str, float, str]]:
    samples, machines = fast.samples + slow.samples, fast.machines + slow.machines
    wall_s, cpu_s = (getattr(fast.clock, s) + getattr(slow.clock, s) for s in ("wall_s", "cpu_s"))
    fixed_ms, each_ns = _split(fast, slow)
    return [
        ("machines", machines, "shifts of 8 h"),
        ("samples", samples, ""),
        ("from arrays to results, wall", wall_s, "s"),
        ("from arrays to results, processor", cpu_s, "s"),
        ("samples per second of wall time", samples / wall_s, "samples/s"),
        ("samples per second of processor time", samples / cpu_s, "samples/s"),
        ("machine-shifts", machines / wall_s, "machine-shifts/s"),
        ("a fast machine-shift", fast.ms, f"ms for {fast.samples / fast.machines:,.0f} samples"),
        ("a slow machine-shift", slow.ms, f"ms for {slow.samples / slow.machines:,.0f} samples"),
        ("fixed cost per machine-shift", fixed_ms, "ms"),
        ("cost per sample beside that", each_ns, "ns"),
        ("numpy's sum of the same arrays", samples / summing.wall_s, "samples/s"),
        ("numpy's sum against the engine", wall_s / summing.wall_s, "× as fast"),
    ]


def _split(fast: Measured, slow: Measured) -> tuple[float, float]:
    """Fixed cost [ms] and cost per sample [ns], as if these two classes were all there is."""
    many, few = fast.samples / fast.machines, slow.samples / slow.machines
    each_ms = (fast.ms - slow.ms) / (many - few)
    return slow.ms - each_ms * few, each_ms * 1e6


def results(shift: MachineShift) -> list[tuple[WindowResult, object]]:
    """One machine's shift: facts, settled categories, the shift and its eight hours, ratios last."""
    rules = calculation_rules(shift.plant, shift.machine)
    facts = interpret(shift.rules, shift.samples, None, START_US)
    settled = settle(facts.pieces, facts.cells, facts.decisions, PLAN, rules, facts.runs)
    windows = [cut(settled, a, b, rules) for a, b in WINDOWS]
    return [(w, ratios(w.elements, quality_known=w.quality_known, ideal_known=w.ideal_known)) for w in windows]


def _against_reference() -> list[tuple[str, float, str]]:
    """The same machines by both, which have to agree."""
    shifts = [next(machine_shifts(number, 1)) for number in REFERENCE_MACHINES]
    engine, reference = Clock(), Clock()
    for shift in shifts:
        with engine.running():
            got = results(shift)
        case = _case(shift)
        with reference.running():
            told = _told(case)
        if [_figures(w, r) for w, r in got] != told:
            raise RuntimeError(f"{shift.machine.name}: the engine and the reference differ")
    return [
        ("the reference", sum(s.count for s in shifts) / reference.cpu_s, "samples/s"),
        ("the engine against the reference", reference.cpu_s / engine.cpu_s, "× as fast"),
    ]


def _figures(window: WindowResult, ratio: object) -> tuple[object, ...]:
    return window.elements, {name: getattr(ratio, name) for name in ("oee", "availability", "performance", "quality")}


def _told(case: Case) -> list[tuple[object, ...]]:
    answer = Answer(case)
    rows: list[tuple[object, ...]] = []
    for told in map(answer.window, WINDOWS):
        said = indicators(told.elements, True, told.ideal_known)
        rows.append((told.elements, {n: said[n] for n in ("oee", "availability", "performance", "quality")}))
    return rows


def _case(shift: MachineShift) -> Case:
    """The same machine as the reference asks for it."""
    s = shift.samples
    texts = {"state": s.state, "fault": s.fault, **s.products}
    words = {
        name: tuple((t, s.symbols[k]) for t, k in zip(x.ts_us.tolist(), x.symbol.tolist(), strict=True))
        for name, x in texts.items()
    }
    readings = {
        name: tuple((t, Fraction(v)) for t, v in zip(ts.tolist(), values.tolist(), strict=True))
        for name, (ts, values) in s.counters.items()
    }
    alive: Sequence[tuple[int, int]] = list(zip(*(a.tolist() for a in s.alive), strict=True))
    return Case(shift.plant, DAY, DAY, words, readings, {"plc": tuple(alive)}, s.through_us)


def main() -> None:
    """A thousand machines, or as many as asked for."""
    for name, figure, unit in run(int(sys.argv[1]) if len(sys.argv) > 1 else MACHINES):
        digits = 0 if figure >= 1000 or unit == "" else 2
        print(f"{name:<40} {figure:>14,.{digits}f} {unit}", flush=True)


if __name__ == "__main__":
    main()
