"""The port through which people correct stops, and read who entered what: the writing counterpart of `oee.source`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from oee.model import ShiftInstance
from oee.source import LineStop


@dataclass(frozen=True, slots=True)
class StopName:
    """What names a stop, small ones too: whose it is, and when it began [µs UTC]."""

    line: str
    machine: str
    start_us: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What came of an entry: the stops as they are now, and the shifts that are computed again.

    ``entry`` is its number; None where it would have said nothing new.
    """

    entry: int | None
    stops: tuple[LineStop, ...]
    affected: tuple[ShiftInstance, ...]


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """What somebody entered, who, when and why; ``undone_by`` is the number of the entry that undid it.

    ``line`` and ``machine`` are None for what is of the whole plant, or line; times are in µs UTC.
    """

    number: int
    kind: str
    line: str | None
    machine: str | None
    from_us: int | None
    to_us: int | None
    said: Mapping[str, Any]
    author: str
    entered_us: int
    why: str | None
    undoes: int | None
    undone_by: int | None


class StopCorrections(Protocol):
    """Takes people's entries about stops (S-24). Every one is kept, with its author, for good.

    Unknown lines, machines, stops and entries raise `NotFoundError`, what can't be taken `InputError`.
    """

    def say(self, stop: StopName, said: Mapping[str, str | None], author: str) -> Correction:
        """Give a stop its ``reason`` (a code) or a ``note``, or both; None takes back."""

    def split(self, stop: StopName, at_us: int, note: str | None, author: str) -> Correction:
        """Make two stops of one, the second from an instant within it on."""

    def merge(self, stops: Sequence[StopName], said: Mapping[str, str | None], author: str) -> Correction:
        """Make one stop of neighbours on a machine, under a ``reason`` and a ``note`` where they are given."""

    def undo(self, number: int, why: str | None, author: str) -> Correction:
        """Undo an entry about a stop, an order's event or a booking: from now on it holds no more."""

    def entries(self, line: str, from_us: int, to_us: int, after: int, limit: int) -> list[LoggedEntry]:
        """What was entered about a line, or the whole plant, and touches a range, oldest first.

        Parameters
        ----------
        after, limit : only entries numbered above ``after``, at most so many.
        """
