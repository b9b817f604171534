"""The nouns of the service: frozen values without behaviour beyond their own arithmetic.

Names follow ISA-95 (Site, Area, Line, Machine) and ISO 22400 (planned busy time, actual production time). All times
are UTC in integer microseconds, all intervals half-open ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from fractions import Fraction

US_PER_S = 1_000_000
RULES_VERSION = "3"
"""Version of the calculation rules; part of every result's definition, so that a change of rules revises results."""


class Category(IntEnum):
    """What a microsecond was (semantics, section 1). Numbers are stored in the database: never renumber."""

    NOT_SCHEDULED = 0
    EXCLUDED = 1
    PLANNED_STOP = 2
    UNPLANNED_STOP = 3
    EXTERNAL_STOP = 4
    SMALL_STOP = 5
    RUN = 6
    NO_DATA = 7

    @property
    def word(self) -> str:
        """The name used in files and answers, such as ``unplanned_stop``."""
        return self.name.lower()


FLAGS = (
    "performance_over_100",
    "ideal_cycle_missing",
    "counts_incomplete",
    "counts_inconsistent",
    "counter_reset",
    "counter_rollover",
    "counter_glitch",
    "counter_quarantined",
    "device_replaced",
    "state_unmapped",
    "parts_while_stopped",
    "parts_unscheduled",
    "parts_in_no_data",
    "clock_skew",
    "spool_dropped",
    "coverage_low",
    "stop_open",
    "corrected",
)
"""The closed list of quality flags, in the order in which answers name them."""


@dataclass(frozen=True, slots=True)
class ProductOutput:
    """Parts of one product made at one ideal cycle, counted in known planned time or outside it (see `Elements`).

    Attributes
    ----------
    product : id of the product, None where none is known.
    ideal_cycle_us : exact µs per part, None where unknown.
    total_count, good_count, reject_count, rework_count : parts; total = good + reject + rework (S-9).
    startup_count : those of the rejects that starting up cost (section 2).
    """

    product: str | None
    ideal_cycle_us: Fraction | None
    total_count: int
    good_count: int
    reject_count: int
    rework_count: int = 0
    startup_count: int = 0


def merge_outputs(outputs: Iterable[ProductOutput]) -> tuple[ProductOutput, ...]:
    """Sum counts per (product, ideal cycle), in a stable order."""
    sums: dict[tuple[str | None, Fraction | None], list[int]] = {}
    for o in outputs:
        counts = sums.setdefault((o.product, o.ideal_cycle_us), [0, 0, 0, 0, 0])
        for i, n in enumerate((o.total_count, o.good_count, o.reject_count, o.rework_count, o.startup_count)):
            counts[i] += n
    ordered = sorted(sums.items(), key=lambda kv: (kv[0][0] or "", kv[0][1] or Fraction(0)))
    return tuple(ProductOutput(product, ideal, *counts) for (product, ideal), counts in ordered)


@dataclass(frozen=True, slots=True)
class Elements:
    """The additive integers behind every figure (S-41): times in µs, parts as counts. Ratios are derived last.

    ``output`` holds parts made in known planned time K; ``unscheduled`` those made in not_scheduled or excluded time
    (TEEP only); ``unknown`` those made in no_data (counted, but part of no ratio), S-13. ``counted_apart``: total,
    good and reject come from different machines, and differ by the work in process between these (S-40).
    """

    calendar_us: int = 0
    not_scheduled_us: int = 0
    excluded_us: int = 0
    planned_stop_us: int = 0
    unplanned_stop_us: int = 0
    external_stop_us: int = 0
    small_stop_us: int = 0
    run_us: int = 0
    no_data_us: int = 0
    setup_us: int = 0
    stop_count: int = 0
    closed_stop_count: int = 0
    closed_stop_us: int = 0
    stopped_count: int = 0
    output: tuple[ProductOutput, ...] = ()
    unscheduled: tuple[ProductOutput, ...] = ()
    unknown: tuple[ProductOutput, ...] = ()
    counted_apart: bool = False

    def __add__(self, other: Elements) -> Elements:
        """Sum two windows or two machines; associative and commutative."""
        sums: dict[str, int] = {n: getattr(self, n) + getattr(other, n) for n in SCALAR_ELEMENTS}
        return Elements(
            **sums,
            output=merge_outputs(self.output + other.output),
            unscheduled=merge_outputs(self.unscheduled + other.unscheduled),
            unknown=merge_outputs(self.unknown + other.unknown),
            counted_apart=self.counted_apart or other.counted_apart,
        )

    @property
    def planned_busy_us(self) -> int:
        """Planned busy time PBT: calendar less not scheduled less excluded (ISO 22400)."""
        return self.calendar_us - self.not_scheduled_us - self.excluded_us

    @property
    def known_us(self) -> int:
        """Known time K: planned busy time less no_data."""
        return self.planned_busy_us - self.no_data_us

    @property
    def actual_production_us(self) -> int:
        """Actual production time APT: run and small stops."""
        return self.run_us + self.small_stop_us

    @property
    def total_count(self) -> int:
        """Parts made in known planned time."""
        return sum(o.total_count for o in self.output)

    @property
    def good_count(self) -> int:
        """Parts right first time in known planned time."""
        return sum(o.good_count for o in self.output)

    @property
    def reject_count(self) -> int:
        """Parts rejected in known planned time."""
        return sum(o.reject_count for o in self.output)

    @property
    def rework_count(self) -> int:
        """Parts sent to rework in known planned time."""
        return sum(o.rework_count for o in self.output)

    @property
    def startup_count(self) -> int:
        """Rejects of starting up in known planned time; part of the rejects."""
        return sum(o.startup_count for o in self.output)

    @property
    def judged_count(self) -> int:
        """Parts told good, reject or rework; the total, unless other machines count these (S-40)."""
        return self.good_count + self.reject_count + self.rework_count if self.counted_apart else self.total_count

    @property
    def wip_count(self) -> int | None:
        """Work in process: total less judged parts, negative while a buffer empties; None without counting machines."""
        return self.total_count - self.judged_count if self.counted_apart else None


_NO_SCALARS = ("output", "unscheduled", "unknown", "counted_apart")
SCALAR_ELEMENTS = tuple(f.name for f in fields(Elements) if f.name not in _NO_SCALARS)
"""The names of the plain integers of `Elements`, in their order."""


@dataclass(frozen=True, slots=True)
class ShiftInstance:
    """One shift of one line on one production day, or the ``off`` time between two (S-32, S-34).

    ``breaks`` are resolved UTC pieces ``(start_us, end_us, name)`` inside the instance;
    ``planned`` is False for ``off`` instances; a cancelled shift keeps its identity and has ``cancelled`` set.
    ``team`` works it, where a rotation has teams; another team makes it no other shift.
    """

    line: str
    production_date: str
    name: str
    start_us: int
    end_us: int
    planned: bool = True
    cancelled: bool = False
    breaks: tuple[tuple[int, int, str], ...] = ()
    team: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Identity that survives a move of the shift (S-32)."""
        return (self.line, self.production_date, self.name)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one final category; segments of a result tile its window.

    ``state`` is the machine's own word or number, ``reason`` a code of the plant's reason tree (of a break: its name),
    ``open`` is True for the last segment of a live result. ``machine`` is named on a pooled line (S-40).
    """

    start_us: int
    end_us: int
    category: Category
    state: str | None = None
    reason: str | None = None
    setup: bool = False
    open: bool = False
    machine: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What people said of a stop: a note, and as (code, author) the reasons that hold in it.

    A code of None is the machine's own; a stop that a person merged may have several.
    """

    note: str | None = None
    reasons: tuple[tuple[str | None, str | None], ...] = ((None, None),)


@dataclass(frozen=True, slots=True)
class Stop:
    """One standstill longer than a small stop (S-23) or what a person made of it, uncut by the window.

    ``end_us`` is None while it is open; ``length_us`` is its whole length so far, less its excluded time,
    ``in_window_us`` what of it lies in the window. ``counted``: its first unplanned time starts in the window, which
    has it in ``stop_count``. ``machine`` as in `Segment`. ``closed``: it has unplanned time and ends in the window,
    which has it in ``closed_stop_count``; None where that was not kept. ``spoken`` is None in results: notes are no
    part of figures.
    """

    start_us: int
    end_us: int | None
    category: Category
    reason: str | None
    length_us: int
    in_window_us: int
    counted: bool = False
    machine: str | None = None
    closed: bool | None = None
    spoken: Spoken | None = None


@dataclass(frozen=True, slots=True)
class CounterDecision:
    """What the counter rules decided at one sample (S-2 … S-5): what, when, how much and why."""

    at_us: int
    signal: str
    kind: str
    amount: str
    why: str
    machine: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Whole parts of a stretch within one minute, claim, product and order; stretches without parts are left out.

    ``startup_count`` are those of the rejects that were booked as start-up rejects.
    """

    start_us: int
    end_us: int
    total_count: int
    good_count: int
    reject_count: int
    rework_count: int
    product: str | None = None
    order: str | None = None
    startup_count: int = 0


@dataclass(frozen=True, slots=True)
class WindowResult:
    """Elements of one window, with what they came from. Segments tile the window and sum to the elements (S-53).

    ``quality_known`` is False where nothing tells good parts from rejects (``reject_source: none``, S-9): Q is null.
    ``ideal_known`` is False where no ideal cycle is known: P, Q and OEE are null.
    """

    start_us: int
    end_us: int
    elements: Elements
    segments: tuple[Segment, ...] = ()
    stops: tuple[Stop, ...] = ()
    decisions: tuple[CounterDecision, ...] = ()
    flags: tuple[str, ...] = ()
    quality_known: bool = True
    ideal_known: bool = True


@dataclass(frozen=True, slots=True)
class Charge:
    """Time in which a line was starved or blocked while another machine of it stood: that machine's (S-29)."""

    start_us: int
    end_us: int
    machine: str


@dataclass(frozen=True, slots=True)
class HourRow:
    """One row of the hour board (S-36): a local clock hour clipped to the shift, with its plan in pieces."""

    start_us: int
    end_us: int
    elements: Elements
    planned_us: int
    target_good_count: Fraction | None


@dataclass(frozen=True, slots=True)
class ShiftResult:
    """All that page, report and API say of one (line or machine, shift): the one view that they share.

    ``status`` is live, provisional or final; ``revision`` is None while live (S-50). ``definition`` names rules version
    and configuration. ``window`` covers the elapsed part while live, the whole instance afterwards.
    ``target_good_count`` is what the OEE target asks of the elapsed planned time, ``shift_target_good_count`` of the
    whole shift; None without a target or an ideal cycle. ``charges`` tell whose the line's external stops are (S-29).
    """

    id: str
    line: str
    machine: str | None
    method: str
    instance: ShiftInstance
    status: str
    revision: int | None
    computed_us: int
    through_us: int
    definition: str
    cause: str
    window: WindowResult
    hours: tuple[HourRow, ...] = ()
    target_good_count: Fraction | None = None
    shift_target_good_count: Fraction | None = None
    charges: tuple[Charge, ...] = ()

    def with_status(self, status: str) -> ShiftResult:
        """Return the same result under another status; the status is an event beside the immutable numbers (S-50)."""
        return replace(self, status=status)
