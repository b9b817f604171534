"""What is asked: one machine of a plant for a while, and all that was ever heard of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from oee.config.model import CalendarConfig, MachineConfig, PlantConfig, ReasonConfig

Span = tuple[int, int]
"""``[start, end)`` in µs UTC."""
Word = tuple[int, str | None]
"""An instant and the text heard then; None is a value whose quality is not Good (S-28)."""
Reading = tuple[int, Fraction]


@dataclass(frozen=True)
class Entry:
    """What a person said of the stops that reach into ``[start, end)``.

    ``kind`` is reason (None takes people's back), split (at the start) or merge.
    """

    kind: str
    start_us: int
    end_us: int
    reason: ReasonConfig | None = None


@dataclass(frozen=True)
class Booking:
    """Good parts of the shift at an instant that were scrap or rework; not ``timed``: of any time in that shift."""

    kind: str
    at_us: int
    timed: bool
    product: str | None
    count: int
    startup: bool = False


@dataclass(frozen=True)
class Case:
    """A plant of one machine, the production days looked at, and its samples in order of time, one an instant.

    ``alive`` are closed stretches in which each connector was heard; ``now_us`` ends what is told; ``windows`` are
    asked for beside the shifts and their hours. ``entries`` and ``bookings`` are people's, in the order in which they
    were made, less those undone; ``later`` are plants that differ in their ideal cycles, from an instant on.
    """

    plant: PlantConfig
    first_day: date
    last_day: date
    words: Mapping[str, tuple[Word, ...]]
    readings: Mapping[str, tuple[Reading, ...]]
    alive: Mapping[str, tuple[Span, ...]]
    now_us: int
    windows: tuple[Span, ...] = field(default=())
    entries: tuple[Entry, ...] = ()
    bookings: tuple[Booking, ...] = ()
    later: tuple[tuple[int, PlantConfig], ...] = ()

    @property
    def machine(self) -> MachineConfig:
        return machine_of(self.plant)

    @property
    def calendar(self) -> CalendarConfig:
        (line,) = self.plant.lines.values()
        return self.plant.calendars[line.calendar]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plant.plant.timezone)

    @property
    def first_us(self) -> int:
        """The first sample of all: nothing is known before it."""
        return min(rows[0][0] for rows in (*self.words.values(), *self.readings.values()) if rows)

    @property
    def last_us(self) -> int:
        """The last word of anybody: until there the machine was heard."""
        ends = [b for stretches in self.alive.values() for _, b in stretches]
        return max([*ends, *(rows[-1][0] for rows in (*self.words.values(), *self.readings.values()) if rows)])

    def good_words(self, signal: str) -> list[tuple[int, str]]:
        """S-28: values whose quality is not Good are never used."""
        return [(t, word) for t, word in self.words.get(signal, ()) if word is not None]

    def in_force(self, signal: str, at_us: int) -> str | None:
        """The last Good value at or before an instant."""
        return next((word for t, word in reversed(self.good_words(signal)) if t <= at_us), None)


def machine_of(plant: PlantConfig) -> MachineConfig:
    """The only machine."""
    (line,) = plant.lines.values()
    (machine,) = line.machines.values()
    return machine


def pieces(start_us: int, end_us: int, inner: Iterable[int]) -> list[Span]:
    """``[start, end)`` cut at the instants inside it."""
    edges = sorted({start_us, end_us, *(t for t in inner if start_us < t < end_us)})
    return list(pairwise(edges))
