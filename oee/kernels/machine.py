"""What the interpretation of one machine takes and gives: rules, samples, checkpoints, facts. Plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from oee.kernels.claims import Standing
from oee.kernels.counters import CounterCarry, CounterLimits
from oee.kernels.dealing import Owing
from oee.kernels.derive import ByCounter
from oee.kernels.intervals import Int64s
from oee.kernels.products import NOTHING_YET, ProductCarry, ProductKey, ProductRun, ideal_of
from oee.kernels.profiles import STATES, mode_category
from oee.kernels.states import Meaning, Piece, Reason, Series, Silence
from oee.model import Category, Cell, CounterDecision

UNITS_PER_COUNT = 1_000_000
"""Readings are taken in millionths of a count, so that a counter of kilograms keeps its fractions exactly."""
LARGEST_COUNT = 2.0**53
"""From here on a reading tells no longer one count from the next."""
LARGEST_PULSE = 2.0**63 / UNITS_PER_COUNT
"""From here on the units of a reading overflow int64; those of a counter's rise as well."""
MINUTE_US = 60_000_000
CHECKPOINT_US = 15 * MINUTE_US
FOREVER_US = 2**62


@dataclass(frozen=True, slots=True)
class CounterRule:
    """How one counter is read: limits in counts, exact parts per count, whether it reports differences (S-8).

    ``source`` names the connector that it comes from; None has no life of its own.
    """

    modulus: int | None
    max_rate_per_s: Fraction | None
    glitch_tolerance: Fraction
    poll_us: int
    parts_per_count: Fraction
    delta: bool = False
    source: str | None = None

    @property
    def limits(self) -> CounterLimits:
        """The limits in units."""
        return CounterLimits(
            None if self.modulus is None else self.modulus * UNITS_PER_COUNT,
            None if self.max_rate_per_s is None else self.max_rate_per_s * UNITS_PER_COUNT,
            self.glitch_tolerance * UNITS_PER_COUNT,
            self.poll_us,
            UNITS_PER_COUNT,
        )

    @property
    def factor(self) -> Fraction:
        """Parts per unit."""
        return self.parts_per_count / UNITS_PER_COUNT


def in_units(readings: np.ndarray) -> Int64s:
    """Readings of counts as units: int64, or Python's integers where one of them overflows that."""
    units: np.ndarray = np.rint(readings * UNITS_PER_COUNT)
    large = readings >= LARGEST_PULSE
    if not large.any():
        small: Int64s = units.astype(np.int64)
        return small
    exact = [int(r) * UNITS_PER_COUNT if big else int(u) for r, u, big in zip(readings, units, large, strict=True)]
    return np.array(exact, dtype=object)


@dataclass(frozen=True, slots=True)
class MachineRules:
    """All that the configuration says of how one machine's samples are read.

    ``state_map`` is the custom profile by canonical text; ``faults`` gives (reason, its category, setup) by fault code;
    ``max_age_us`` None lets a value hold until the next one (S-26); ``state_source`` names the connector of the state.
    ``follows`` names the signals that say what is made; ``ideal_cycles`` are theirs by product, ``ideal_cycle_us`` is
    the machine's own, or that of its only product (S-12). Without a state signal ``by_counter`` or ``above`` say how
    counters or the speed stand for it (S-21): ``state_map`` then gives the derived words their categories.
    """

    profile: str
    state_map: Mapping[str, Category]
    faults: Mapping[str, tuple[str, Category, bool]]
    max_age_us: int | None
    ideal_cycle_us: Fraction | None
    counters: Mapping[str, CounterRule]
    state_source: str | None = None
    ideal_cycles: Mapping[str, Fraction | None] = field(default_factory=dict)
    follows: tuple[ProductKey, ...] = ()
    by_counter: ByCounter | None = None
    above: float | None = None

    @property
    def is_derived(self) -> bool:
        """Whether counters or the speed stand for the state (S-21)."""
        return self.by_counter is not None or self.above is not None

    @property
    def counting(self) -> tuple[str, ...]:
        """The counters that tell of every part: total, else all others."""
        return ("total",) if "total" in self.counters else tuple(self.counters)

    @property
    def longest_stand_us(self) -> int:
        """How far back an increment, or its absence, may change a derived state (S-21); 0 for any other."""
        if self.by_counter is None:
            return 0
        return 1 + max(map(self.by_counter.limit_us, (self.ideal_cycle_us, *self.ideal_cycles.values())))

    def ideal_of(self, product: str | None) -> Fraction | None:
        """Ideal cycle of a product [µs per part], None where unknown (S-12)."""
        return ideal_of(product, self.ideal_cycles, self.ideal_cycle_us)

    def meaning(self, state: str, mode: str | None, fault: str | None) -> Meaning:
        """What a (state, mode, fault) means (S-20)."""
        table = self.state_map if self.profile == "custom" else STATES[self.profile]
        if state not in table:
            return Meaning(Category.NO_DATA, unmapped=True)
        category, setup = table[state], False
        if mode is not None:
            category, setup = mode_category(self.profile, mode, category)
        told = self.faults.get(fault or "")
        return Meaning(category, Reason(*told) if told else None, setup)


@dataclass(frozen=True, slots=True)
class MachineSamples:
    """Samples of one machine from its checkpoint on, with the text values in force there.

    ``symbols`` resolves the symbol indices of the series; ``counters`` maps a signal to (times [µs], readings);
    ``alive`` are starts and ends in which the source of the state was alive; ``through_us`` is the last proof of life
    of any source. ``counter_alive`` is the same as ``alive`` for counters whose source is another one. ``products`` has
    the product and the order signal, where the configuration follows them, else what was entered of orders.
    """

    symbols: tuple[str, ...]
    state: Series
    mode: Series
    fault: Series
    counters: Mapping[str, tuple[Int64s, np.ndarray]]
    alive: tuple[Int64s, Int64s]
    through_us: int
    counter_alive: Mapping[str, tuple[Int64s, Int64s]] = field(default_factory=dict)
    products: Mapping[ProductKey, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CounterState:
    """A counter at a checkpoint: its last settled breakpoint, and the run time [µs] since."""

    carry: CounterCarry
    run_us: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where interpretation can start again, with all that reaches across the instant.

    ``proven`` is False where one configuration hands over to the next: nothing is known of life just then.
    ``products`` is what was made just before; ``standing`` the stop that it lies in, ``silence`` the open one;
    ``idle`` whether the counters had stood still for long, None where the state is not derived from them (S-21);
    ``owing`` how counters stand to what a total gave them (S-9).
    """

    at_us: int
    counters: Mapping[str, CounterState] = field(default_factory=dict)
    proven: bool = True
    products: ProductCarry = NOTHING_YET
    standing: Standing | None = None
    silence: Silence | None = None
    idle: bool | None = None
    owing: Mapping[str, Owing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run of the interpretation says from ``start_us`` on.

    ``through_us`` is the last proof of life; the last claim holds until ``hold_until_us`` at most (S-26).
    ``handovers`` are checkpoints at the cuts asked for; ``runs`` the products and orders that begin in it.
    ``reaches_back_us``: what was heard changes what was said from there on, before the start: these facts are not the
    whole of it, a run from a checkpoint before that instant is (see `Claims`; or a silence ended, S-26).
    """

    start_us: int
    through_us: int
    hold_until_us: int
    pieces: list[Piece]
    cells: list[Cell]
    decisions: list[CounterDecision]
    checkpoints: list[Checkpoint]
    handovers: list[Checkpoint]
    runs: list[ProductRun]
    reaches_back_us: int | None = None
