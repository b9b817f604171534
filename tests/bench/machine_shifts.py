"""A packaging plant's machines for the benches, no two alike: eight hours each, as a collector by exception sees them.

Two classes, three to two: *fast* ones count parts faster than they are polled, so every poll of a second has a new
reading; *slow* ones make a part every 2 to 20 s, so most polls have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

import numpy as np
from numpy.random import Generator, default_rng

from oee.calendar import PlanPiece
from oee.compute.rules import machine_rules
from oee.config.model import (
    BreakPattern,
    CalendarConfig,
    ConnectorConfig,
    CounterRules,
    LineConfig,
    MachineConfig,
    PlantConfig,
    PlantInfo,
    ReasonConfig,
    Rollup,
    ShiftPattern,
    SignalConfig,
    Targets,
)
from oee.interpret import MachineRules, MachineSamples
from oee.kernels.intervals import Int64s
from oee.kernels.states import Series
from oee.model import US_PER_S, Category

DAY = date(2026, 3, 2)
START_US = round(datetime(2026, 3, 2, 6, tzinfo=UTC).timestamp()) * US_PER_S
SHIFT_S = 8 * 3600
END_US = START_US + SHIFT_S * US_PER_S
BREAK_US = (START_US + 4 * 3600 * US_PER_S, START_US + 9 * 1800 * US_PER_S)
FAST_OF_20, BOTH_OF_20 = 12, 5
"""Of twenty machines: so many are fast, and so many of those count good and reject instead of total and reject."""
STOPPED = ("2", "5", "9", "11")
FAULTS = ("0", "17", "23", "31", "40")
PRODUCTS = ("A", "B", "C", "D")
SYMBOLS = ("6", *STOPPED, *FAULTS, *PRODUCTS)
PLAN = [
    PlanPiece(START_US, BREAK_US[0], None),
    PlanPiece(*BREAK_US, Category.EXCLUDED, "lunch", is_break=True),
    PlanPiece(BREAK_US[1], END_US, None),
]
_SHIFT = ShiftPattern("early", 360, 840, (BreakPattern("lunch", 600, 630),))
_CALENDAR = CalendarConfig("week", {"early": _SHIFT}, week=(("early",), *[()] * 6))
_REASONS = (
    ReasonConfig("jam", "Jam", "unplanned_stop"),
    ReasonConfig("clean", "Cleaning", "planned_stop"),
    ReasonConfig("tools", "Tools", "planned_stop", setup=True),
    ReasonConfig("lack", "Lack", "external_stop"),
)


@dataclass(frozen=True, slots=True)
class MachineShift:
    """One machine's configuration and all that was heard of it in the shift; ``fast`` is its class."""

    plant: PlantConfig
    machine: MachineConfig
    samples: MachineSamples
    fast: bool

    @property
    def rules(self) -> MachineRules:
        """How the samples are read."""
        return machine_rules(self.plant, self.machine)

    @property
    def count(self) -> int:
        """All samples."""
        return sum(len(ts) for ts, _ in self.arrays)

    @property
    def arrays(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Times and values of every signal."""
        s = self.samples
        texts = [(x.ts_us, x.symbol) for x in (s.state, s.mode, s.fault, *s.products.values())]
        return texts + list(s.counters.values())


def machine_shifts(first: int, count: int) -> Iterator[MachineShift]:
    """Machines by number; each number is a machine of its own, the same in every run."""
    for number in range(first, first + count):
        yield _machine_shift(number, default_rng(number))


def _machine_shift(number: int, rng: Generator) -> MachineShift:
    fast = number % 20 < FAST_OF_20
    signals = ("good", "reject") if number % 20 < BOTH_OF_20 else ("total", "reject")
    parts_per_s = 28_000 / 3600 * rng.uniform(0.5, 1.0) if fast else 1 / rng.uniform(2, 20)
    stops = _stops(rng, int(rng.integers(25, 126)))
    products = rng.random() < 0.3
    plant, machine = _config(number, parts_per_s, signals, products=products, wraps=fast and rng.random() < 0.3)
    counters = _counters(rng, stops, parts_per_s, signals, machine.signals["reject"].counter)
    state, fault = _texts(rng, stops)
    followed = {"product": _products(rng, stops)} if products else {}
    alive = _alive(rng)
    if len(alive[0]) > 1:
        counters = {name: _heard(*rows, alive) for name, rows in counters.items()}
    samples = MachineSamples(
        SYMBOLS, state, _series([], []), fault, counters, alive, int(alive[1][-1]), products=followed
    )
    return MachineShift(plant, machine, samples, fast)


def _config(
    number: int, parts_per_s: float, counted: tuple[str, str], *, products: bool, wraps: bool
) -> tuple[PlantConfig, MachineConfig]:
    """A plant of this one machine; its ideal is a tenth faster than it runs."""
    ideal_s = Fraction(round(900_000 / parts_per_s), 1_000_000)
    limits = CounterRules(65_536 if wraps else None, Fraction(round(parts_per_s * 2_000), 1_000), Fraction(0))
    signals = {
        "state": SignalConfig("state", "plc", profile="packml"),
        "fault": SignalConfig("fault", "plc", reasons=dict(zip(FAULTS[1:], [r.code for r in _REASONS], strict=True))),
        **{name: SignalConfig(name, "plc", counter=limits) for name in counted},
    }
    if products:
        signals["product"] = SignalConfig("product", "plc")
    machine = MachineConfig(
        id="m",
        line="line",
        name=f"machine {number}",
        product=None if products else "A",
        ideal_cycle_s=ideal_s,
        startup_us=(number % 5 == 0) * 120 * US_PER_S,
        max_age_us=60 * US_PER_S,
        reject_source="counter",
        signals=signals,
        ideal_cycles_s={p: ideal_s * (10 - k) / 10 for k, p in enumerate(PRODUCTS)} if products else {},
    )
    line = LineConfig("line", "Line", "week", Rollup("single", "m"), Targets(), {"m": machine})
    sources = {"plc": ConnectorConfig("plc", "opcua", interval_s=1.0)}
    info = PlantInfo("p", "Plant", "UTC")
    return PlantConfig(1, info, {"week": _CALENDAR}, {}, sources, {"line": line}, _REASONS), machine


def _stops(rng: Generator, most: int) -> Int64s:
    """Starts and ends of stops, int64[n, 2] in order: mostly short ones, the break among them; a fifth of the time."""
    starts = np.sort(rng.integers(60 * 1000, SHIFT_S * 1000, most)) * 1000 + START_US
    lengths = np.minimum(rng.lognormal(3.5, 1.5, most), 1800) * US_PER_S
    ends = np.minimum(starts + lengths.astype(np.int64), np.append(starts[1:], END_US) - US_PER_S)
    outside = (ends <= BREAK_US[0]) | (starts >= BREAK_US[1])
    rows = np.stack((starts, ends), axis=1)[(ends > starts) & outside]
    rows = np.concatenate((rows, np.array([BREAK_US], np.int64)))
    return rows[np.argsort(rows[:, 0])]


def _counters(
    rng: Generator, stops: Int64s, parts_per_s: float, names: tuple[str, str], limits: CounterRules | None
) -> dict[str, tuple[Int64s, np.ndarray]]:
    """Both counters read each second, some ms late; of the readings those that differ from the one before."""
    polls = START_US + np.arange(SHIFT_S) * US_PER_S + rng.integers(0, 20_000, SHIFT_S)
    stood = np.concatenate(([0], np.cumsum(stops[:, 1] - stops[:, 0])))
    k = np.searchsorted(stops[:, 0], polls, side="right")
    inside = np.maximum(stops[np.maximum(k - 1, 0), 1] - polls, 0) * (k > 0)
    ran_s = (polls - START_US - stood[k] + inside) / US_PER_S
    total = np.floor(ran_s * parts_per_s).astype(np.int64)
    made = np.diff(total, prepend=0)
    reject = np.cumsum(rng.binomial(made, 0.01))
    first = total if names[0] == "total" else total - reject
    base = int(rng.integers(0, 60_000))
    wrap = limits.modulus if limits and limits.modulus else 2**53
    return {name: _by_exception(polls, (base + c) % wrap) for name, c in zip(names, (first, reject), strict=True)}


def _by_exception(ts_us: Int64s, value: Int64s) -> tuple[Int64s, np.ndarray]:
    moved = np.concatenate(([True], value[1:] != value[:-1]))
    return ts_us[moved], value[moved].astype(np.float64)


def _texts(rng: Generator, stops: Int64s) -> tuple[Series, Series]:
    """State at every start and end of a stop, its fault a moment later for most of them."""
    ts = np.concatenate(([START_US], stops.ravel()))
    which = rng.integers(1, 1 + len(STOPPED), len(stops))
    state = np.concatenate(([0], np.stack((which, np.zeros_like(which)), axis=1).ravel()))
    told = stops[rng.random(len(stops)) < 0.7]
    fault_ts = np.stack((np.minimum(told[:, 0] + rng.integers(0, 2_000_000, len(told)), told[:, 1] - 1), told[:, 1]), 1)
    codes = SYMBOLS.index("17") + rng.integers(0, len(FAULTS) - 1, len(told))
    none = SYMBOLS.index("0")
    symbols = np.stack((codes, np.full(len(told), none)), axis=1).ravel()
    return _series(ts, state), _series(np.append(START_US, fault_ts.ravel()), np.append(none, symbols))


def _products(rng: Generator, stops: Int64s) -> Series:
    """One to four changes of product, each within a stop."""
    at = np.sort(rng.choice(len(stops), min(len(stops), int(rng.integers(1, 5))), replace=False))
    ts = np.append(START_US, stops[at].sum(axis=1) // 2)
    return _series(ts, SYMBOLS.index("A") + (np.arange(len(ts)) + rng.integers(0, 4)) % 4)


def _alive(rng: Generator) -> tuple[Int64s, Int64s]:
    """One stretch, for one machine in thirty cut by a silence of some minutes."""
    if rng.random() > 1 / 30:
        return np.array([START_US]), np.array([END_US])
    start = START_US + int(rng.integers(1, 7 * 3600)) * US_PER_S
    return np.array([START_US, start + int(rng.integers(70, 600)) * US_PER_S]), np.array([start, END_US])


def _heard(ts_us: Int64s, values: np.ndarray, alive: tuple[Int64s, Int64s]) -> tuple[Int64s, np.ndarray]:
    """Only what comes while the source is alive."""
    inside = np.searchsorted(alive[0], ts_us, side="right") > np.searchsorted(alive[1], ts_us)
    return ts_us[inside], values[inside]


def _series(ts_us: object, symbol: object) -> Series:
    ts = np.array(ts_us, np.int64)
    return Series(ts, np.array(symbol, np.int64), np.ones(len(ts), np.bool_))
