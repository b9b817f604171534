"""The plant as frozen data: what a plant file says, checked and with its defaults filled in.

Nothing here reads a file. Mappings keep the file's order (machines: the order in which parts flow). Exact
numbers are `Fraction`, made from the source text, so that 5.75 s per part stays 5.75 s per part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class PlantInfo:
    """The plant itself: its zone, and when its production day starts (minutes after local midnight)."""

    id: str
    name: str
    timezone: str
    day_start_min: int = 0


@dataclass(frozen=True, slots=True)
class BreakPattern:
    """A break in local wall-clock minutes after midnight; an end before the start crosses midnight."""

    name: str
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A shift in local minutes after midnight: end = start is 24 h, end < start crosses midnight (S-30)."""

    name: str
    start_min: int
    end_min: int
    breaks: tuple[BreakPattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Rotation:
    """A cycle of days that repeats from `anchor` on and before it; each day lists shift names (S-33).

    Each of the `teams` works the whole cycle, its number of days further on.
    """

    anchor: date
    days: tuple[tuple[str, ...], ...]
    teams: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CalendarException:
    """One dated exception, in one of four forms.

    `closed`; `shifts` (replaces the day's list); `shift` with `start_min` and `end_min` (moved) or `breaks` (instead
    of the shift's own), or both; `shift` with `cancelled`.
    """

    date: date
    name: str = ""
    closed: bool = False
    shifts: tuple[str, ...] | None = None
    shift: str | None = None
    start_min: int | None = None
    end_min: int | None = None
    cancelled: bool = False
    breaks: tuple[BreakPattern, ...] | None = None


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """Planned maintenance `[start, end)` in naive local time; no machine named means every machine."""

    start: datetime
    end: datetime
    machines: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class CalendarConfig:
    """Shifts and when they are worked: by `week` (seven days, Monday first) or by `rotation`."""

    id: str
    shifts: Mapping[str, ShiftPattern]
    week: tuple[tuple[str, ...], ...] | None = None
    rotation: Rotation | None = None
    exceptions: tuple[CalendarException, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductConfig:
    """A product; `ideal_cycle_s` [s per part] is None where only machines know it."""

    id: str
    name: str
    ideal_cycle_s: Fraction | None = None
    unit: str = "piece"


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """One endpoint to collect from: OPC UA has `endpoint`, Modbus has `host` and `port`.

    `interval_s` lies between polls, or between publications of a subscription; `sampling_s` (subscriptions only)
    between the server's looks at a value.
    """

    id: str
    kind: str
    endpoint: str | None = None
    host: str | None = None
    port: int | None = None
    mode: str = "poll"
    interval_s: float = 1.0
    timeout_s: float = 5.0
    security_policy: str = "None"
    accept_none: bool = False
    sampling_s: float | None = None


@dataclass(frozen=True, slots=True)
class CounterRules:
    """How a counter may move (S-1…S-5): `modulus` [counts], `max_rate_per_s` [counts/s] or None."""

    modulus: int | None = None
    max_rate_per_s: Fraction | None = None
    glitch_tolerance: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class SignalConfig:
    """One signal of a machine. Without a connector it comes by import or API only.

    `map` (profile custom) and `reasons` have canonical keys, see `canonical_text`. `counter` is set exactly
    for cumulative counters; a `delta` signal reports the parts since its last message (S-8).
    """

    name: str
    connector: str | None = None
    address: str | None = None
    profile: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    counter: CounterRules | None = None
    type: str | None = None
    byte_order: str = "ABCD"
    unit: int = 1
    length: int = 0
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    delta: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """A machine, everything resolved by S-12, limits of S-22 and S-26 in µs.

    `product` and `ideal_cycle_s` hold where no signal or order names a product; with a `product` signal
    `ideal_cycle_s` is the machine's own. `ideal_cycles_s` has the cycle of every product, None where it has none.
    """

    id: str
    line: str
    name: str
    product: str | None = None
    ideal_cycle_s: Fraction | None = None
    min_stop_us: int = 10_000_000
    small_stop_max_us: int = 300_000_000
    startup_us: int = 0
    parts_per_count: Fraction = Fraction(1)
    max_age_us: int | None = None
    reject_source: str = "booked"
    signals: Mapping[str, SignalConfig] = field(default_factory=dict)
    ideal_cycles_s: Mapping[str, Fraction | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rollup:
    """How machines make the line's figures (S-40); `machine` is always resolved, for a pooled line to its first one."""

    method: str
    machine: str
    count_total: str | None = None
    count_good: str | None = None
    count_reject: str | None = None


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets as ratios 0..1; None where the plant set none."""

    oee: float | None = None
    availability: float | None = None
    performance: float | None = None
    quality: float | None = None


@dataclass(frozen=True, slots=True)
class LineConfig:
    """A line: machines in the order in which parts flow."""

    id: str
    name: str
    calendar: str
    rollup: Rollup
    targets: Targets
    machines: Mapping[str, MachineConfig]


@dataclass(frozen=True, slots=True)
class ReasonConfig:
    """A stop reason; `setup` marks setup & adjustment. Children have their own or their parent's category."""

    code: str
    name: str
    category: str
    setup: bool = False
    children: "tuple[ReasonConfig, ...]" = ()


@dataclass(frozen=True, slots=True)
class Policies:
    """The [policy] choices of the calculation rules; stored with every result."""

    no_order: str = "unplanned_stop"
    changeover: str = "planned_stop"
    break_run: str = "counts_as_planned"
    maintenance: str = "planned_stop"
    lateness_s: int = 900
    derive_k: int = 3
    retention_days: int = 400


@dataclass(frozen=True, slots=True)
class PlantConfig:
    """A whole plant file, checked."""

    version: int
    plant: PlantInfo
    calendars: Mapping[str, CalendarConfig]
    products: Mapping[str, ProductConfig]
    connectors: Mapping[str, ConnectorConfig]
    lines: Mapping[str, LineConfig]
    reasons: tuple[ReasonConfig, ...] = ()
    policies: Policies = Policies()


def canonical_text(value: bool | float | str | Fraction) -> str:
    """Return the text by which states and fault codes are compared, whatever type a device or a file gives.

    Parameters
    ----------
    value
        A reading of a device, or a key of the plant file.

    Returns
    -------
    str
        "true" and "false" for booleans, no trailing ".0" on whole numbers, text unchanged.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
