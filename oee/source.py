"""What pages, reports and the API ask of the results: one port, so that all of them show the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from oee.config.model import PlantConfig
from oee.glance import Glance
from oee.kernels.products import ProductKey
from oee.model import Category, Segment, ShiftInstance, ShiftResult, Stop


@dataclass(frozen=True, slots=True)
class MachineState:
    """What a machine is in now, since when, and how old its newest proof of life is [µs UTC, None if never seen]."""

    machine: str
    category: Category
    since_us: int
    state: str | None
    reason: str | None
    alive_us: int | None


@dataclass(frozen=True, slots=True)
class LineState:
    """The state of a line is its constraint machine's (pooled: see `oee.compute.states`); machines in flow order."""

    line: str
    category: Category
    since_us: int
    state: str | None
    reason: str | None
    alive_us: int | None
    machines: tuple[MachineState, ...]


@dataclass(frozen=True, slots=True)
class RevisionInfo:
    """One published revision of a shift: number, when, why, and whose entry made it, where one did."""

    revision: int
    status: str
    computed_us: int
    cause: str
    author: str | None = None


@dataclass(frozen=True, slots=True)
class LineMoment:
    """A line at this moment: its state, the running instance at a glance, the next planned shift outside one."""

    state: LineState
    glance: Glance | None
    coming: ShiftInstance | None


@dataclass(frozen=True, slots=True)
class LineStop:
    """A stop of one machine, whole as it is known now, and the shift (or off time) it starts in, where that is known.

    ``stop.in_window_us`` is what of it lies in the range asked for.
    """

    line: str
    machine: str
    stop: Stop
    instance: ShiftInstance | None


@dataclass(frozen=True, slots=True)
class Change:
    """One published revision of a line's shift, or of a machine's; ``number`` is its place in the feed."""

    number: int
    line: str
    machine: str | None
    production_date: str
    shift: str
    revision: int
    status: str
    computed_us: int
    cause: str
    kpi_id: str
    author: str | None = None


class ResultSource(Protocol):
    """Reads results; ``machine`` None means the line. Unknown lines, machines and shifts raise `NotFoundError`."""

    def plant(self) -> PlantConfig:
        """The configuration in force now."""

    def now_us(self) -> int:
        """The instant up to which live figures are told [µs UTC]."""

    def state(self, line: str) -> LineState:
        """What the line and its machines are in now."""

    def moments(self) -> Mapping[str, LineMoment]:
        """All lines of the plant as they are now, in its order, for a few queries however many lines there are."""

    def current(self, line: str) -> ShiftResult | None:
        """The live result of the running instance (a shift or off time); None before any data."""

    def shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> ShiftResult:
        """One shift: its newest revision, the one asked for, or the live result where none is published."""

    def shifts(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Newest results of the instances that start in ``[from_us, to_us)``, off time included, in order of time."""

    def days(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Sums of the elements of all instances per production day whose first instance starts in the range."""

    def weeks(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """The same sums per ISO week of production days; its production date is the Monday's."""

    def months(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """The same sums per calendar month of production days; its production date is the first's."""

    def window(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> ShiftResult:
        """Exactly one result over ``[from_us, to_us)``, clipped to what has elapsed."""

    def hours(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        """Local clock hours clipped to the range and cut at shift edges (S-36)."""

    def by_product(
        self, line: str, from_us: int, to_us: int, key: ProductKey, machine: str | None = None
    ) -> list[tuple[str | None, ShiftResult]]:
        """Rows per product or order that sum to `window`; None for time that belongs to none."""

    def intervals(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[Segment]:
        """Final categories over the range, tiling what of it has elapsed; of a pooled line machine by machine."""

    def stops(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[LineStop]:
        """Stops that overlap the range, in order of their start."""

    def same_before(self, line: str, instance: ShiftInstance) -> ShiftResult | None:
        """The newest published result of the newest earlier shift of the same name; None if there is none."""

    def instances(self, line: str, from_us: int, to_us: int) -> list[ShiftInstance]:
        """Shift instances that overlap the range, those to come too."""

    def revisions(self, line: str, production_date: str, shift: str) -> list[RevisionInfo]:
        """All published revisions of a line's shift, oldest first."""

    def changes(self, line: str | None, since_us: int, after: int, limit: int) -> list[Change]:
        """Published revisions computed since an instant, numbered above ``after``: oldest first, at most ``limit``."""
