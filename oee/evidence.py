"""What a result came from, as far as it is kept: the port by which explanations are asked for (S-53)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from oee.config.model import PlantConfig
from oee.model import ShiftResult


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that a result follows.

    Attributes
    ----------
    number : of its revision.
    since_us : from when it is in force [µs UTC]; None from the beginning (S-54).
    proven : it gives exactly the result's definition; else it is what is in force for that time now, because the
        result was made by other rules, or by another version of the service.
    """

    number: int
    since_us: int | None
    plant: PlantConfig
    proven: bool


@dataclass(frozen=True, slots=True)
class PastRevision:
    """One published revision of the same shift: elements and flags, and whose entry made it."""

    result: ShiftResult
    author: str | None


@dataclass(frozen=True, slots=True)
class SaidEntry:
    """Something that a person or an order system entered about the time; times are µs UTC.

    ``undone`` names who undid it and when, and the number of that entry.
    """

    number: int
    kind: str
    machine: str | None
    from_us: int | None
    to_us: int | None
    said: Mapping[str, Any]
    author: str
    entered_us: int
    why: str | None
    undone: tuple[int, str, int] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A result with all that is kept of where it came from.

    Attributes
    ----------
    result : the one to explain; of a published revision with its own stored lists.
    configurations : in the order in which they take force; one for a shift.
    revisions : all published ones of the same shift, oldest first.
    machines : results that a line's was rolled up from, by machine in flow order (S-40).
    parts : results that this one is the sum of, in order of time: shifts of a day, hours of a free window (S-41).
    product, order, share : what it is the share of, for a row per product or order (both None: of the time without).
    """

    result: ShiftResult
    configurations: tuple[Configuration, ...]
    revisions: tuple[PastRevision, ...] = ()
    entries: tuple[SaidEntry, ...] = ()
    machines: Mapping[str, ShiftResult] = field(default_factory=dict)
    parts: tuple[ShiftResult, ...] = ()
    product: str | None = None
    order: str | None = None
    share: bool = False


class EvidenceSource(Protocol):
    """Reads evidence; what is not there raises `NotFoundError`, what can't be explained `InputError`."""

    def of_shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> Evidence:
        """Evidence of one shift: its newest revision, the one asked for, or the running figures."""

    def of_kpi(self, kpi_id: str) -> Evidence:
        """Evidence of a result by the id that answers gave it."""
