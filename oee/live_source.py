"""Two more ports for who watches: what changed lately, and where data come from and what ails them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from oee.model import CounterDecision


@dataclass(frozen=True, slots=True)
class LineMark:
    """What tells whether a line's state or live figures moved: compare with the mark before.

    ``claims`` are (machine, start [µs UTC], category, state, reason) of the newest claim of each machine;
    ``live_us`` is when the live result was computed, 0 where there is none.
    """

    line: str
    claims: tuple[tuple[str, int, int, str | None, str | None], ...]
    live_us: int


@dataclass(frozen=True, slots=True)
class Published:
    """A revision of a line's shift that was published, or became final, at an instant [µs UTC]."""

    at_us: int
    line: str
    production_date: str
    shift: str
    revision: int
    status: str


MOST_PUBLISHED = 1000
"""Revisions that are told one by one; who asks for more is behind by too much for signals."""


class ChangeSource(Protocol):
    """What changed lately, asked once a second however many listen. Any method may raise `DatabaseUnavailable`."""

    def marks(self) -> Mapping[str, LineMark]:
        """The mark of each line that was ever applied."""

    def published(self, after_us: int) -> Sequence[Published]:
        """Revisions of lines published or settled after an instant, oldest first; the newest `MOST_PUBLISHED`."""


@dataclass(frozen=True, slots=True)
class SignalHealth:
    """A signal: its newest value as text, since when it has it, and what depends on it.

    ``value`` is None where the newest sample is bad; ``changed_us`` is None where there never was one.
    """

    signal: str
    source: str
    address: str | None
    value: str | None
    changed_us: int | None
    good: bool
    needed_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What brings a machine's signals: a connector, or ``import``.

    ``status`` is ``up``, ``silent`` (proven alive once, not lately) or ``never``; ``alive_us`` the newest proof of life
    of the machine, ``reported_us`` the newest report of the collector [µs UTC].
    """

    source: str
    kind: str
    status: str
    alive_us: int | None
    reported_us: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that is known to be missing; ``to_us`` is None while it is open.

    ``filled_us`` is how much of it an import has proven life for since: that much of it is missing no more.
    """

    source: str
    from_us: int
    to_us: int | None
    reason: str
    filled_us: int = 0


@dataclass(frozen=True, slots=True)
class UnmappedState:
    """A state that the profile does not know: how long it was claimed in the window, and last when [µs]."""

    state: str
    length_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class MachineHealth:
    """The health of one machine's data over the window of its line."""

    machine: str
    name: str
    sources: tuple[SourceHealth, ...]
    signals: tuple[SignalHealth, ...]
    gaps: tuple[Gap, ...]
    decisions: tuple[CounterDecision, ...]
    unmapped: tuple[UnmappedState, ...]


@dataclass(frozen=True, slots=True)
class LineHealth:
    """Data health of a line over the running instance as far as it has elapsed, or the last 8 h without one."""

    line: str
    from_us: int
    to_us: int
    machines: tuple[MachineHealth, ...]


class DataHealthSource(Protocol):
    """Tells where data come from and what ails them. Unknown lines raise `NotFoundError`."""

    def line_health(self, line: str) -> LineHealth:
        """Data health of one line."""

    def plant_health(self) -> Sequence[LineHealth]:
        """Data health of all lines, in the order of the plant file, for a few queries in all."""

    def gaps(self, line: str, from_us: int, to_us: int) -> Mapping[str, Sequence[Gap]]:
        """Known gaps of each machine of a line that reach into ``[from_us, to_us)``."""
