"""Words, icons and colours of states, reasons and flags: a state is always told by more than its colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oee.config.model import PlantConfig, ReasonConfig
from oee.kernels import culprits
from oee.model import Category, Segment, ShiftInstance, Stop, WindowResult

STOPS = (Category.PLANNED_STOP, Category.UNPLANNED_STOP, Category.EXTERNAL_STOP)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one state is shown: ``fill`` names its drawing in a ribbon, ``css`` its colours, ``level`` a tile's header.

    ``need`` orders lines by need of help, 0 first.
    """

    fill: str
    word: str
    icon: str
    css: str
    level: str
    need: int


RUN = Kind("run", "Running", "run", "st-run", "plain", 6)
SHORT = Kind("short", "Short stop", "short", "st-short", "tint", 4)
DOWN = Kind("down", "Down", "down", "st-down", "solid", 0)
EXTERNAL = Kind("ext", "Starved or blocked", "starved", "st-ext", "tint", 2)
STARVED = Kind("ext", "Starved", "starved", "st-ext", "tint", 2)
BLOCKED = Kind("ext", "Blocked", "blocked", "st-ext", "tint", 2)
CHANGEOVER = Kind("change", "Changeover", "change", "st-change", "tint", 3)
PLANNED = Kind("plan", "Planned stop", "plan", "st-plan", "plain", 7)
BREAK = Kind("break", "Break", "break", "st-none", "plain", 8)
EXCLUDED = Kind("break", "Not planned", "off", "st-none", "plain", 8)
NO_DATA = Kind("none", "No data", "none", "st-none", "unknown", 1)
OFF = Kind("off", "Not scheduled", "off", "st-none", "plain", 9)
KINDS = (RUN, SHORT, DOWN, STARVED, BLOCKED, EXTERNAL, CHANGEOVER, PLANNED, BREAK, EXCLUDED, NO_DATA, OFF)
"""In the order of a legend."""
BELOW_TARGET_NEED = 5
NO_REASON = "No reason"
SUPPLY = {
    **dict.fromkeys((*culprits.STARVED, "LackBranchLine"), STARVED),
    **dict.fromkeys((*culprits.BLOCKED, "TailbackBranchLine"), BLOCKED),
}
"""Which side fails, where the machine's own state says it (Weihenstephan does, PackML's Suspended does not)."""

_BY_CATEGORY = {
    Category.RUN: RUN,
    Category.SMALL_STOP: SHORT,
    Category.UNPLANNED_STOP: DOWN,
    Category.EXTERNAL_STOP: EXTERNAL,
    Category.PLANNED_STOP: PLANNED,
    Category.EXCLUDED: EXCLUDED,
    Category.NO_DATA: NO_DATA,
    Category.NOT_SCHEDULED: OFF,
}


def kind_of(category: Category, *, setup: bool = False, on_break: bool = False, state: str | None = None) -> Kind:
    """Choose the look of a category; set-up reads as changeover, excluded time inside a break as break."""
    if category is Category.EXTERNAL_STOP:
        return SUPPLY.get(state or "", EXTERNAL)
    if category is Category.PLANNED_STOP and setup:
        return CHANGEOVER
    if category is Category.EXCLUDED and on_break:
        return BREAK
    return _BY_CATEGORY[category]


def segment_kind(segment: Segment, instance: ShiftInstance) -> Kind:
    """Choose the look of a segment of an instance."""
    on_break = any(start < segment.end_us and segment.start_us < end for start, end, _ in instance.breaks)
    return kind_of(segment.category, setup=segment.setup, on_break=on_break, state=segment.state)


def stop_kind(stop: Stop, window: WindowResult) -> Kind:
    """Choose the look of a stop; it is a changeover where its segments say set-up."""
    end_us = window.end_us if stop.end_us is None else stop.end_us
    inside = [
        s for s in window.segments if s.machine == stop.machine and s.start_us < end_us and stop.start_us < s.end_us
    ]
    state = next((s.state for s in inside if s.category is stop.category), None)
    return kind_of(stop.category, setup=any(s.setup for s in inside), state=state)


@dataclass(frozen=True, slots=True)
class Names:
    """Names of reasons, products and machines; an id that the plant file does not know stands for itself."""

    reasons: Mapping[str, str]
    short_reasons: Mapping[str, str]
    products: Mapping[str, str]

    def reason(self, kind: Kind, code: str | None, *, short: bool = False) -> str:
        """Say why: the reason's name, else what the state itself tells."""
        if code is not None:
            return (self.short_reasons if short else self.reasons).get(code, code)
        return NO_REASON if kind is DOWN else "Short stops" if kind is SHORT else kind.word

    def product(self, product: str | None) -> str:
        """Name of a product."""
        return "No product" if product is None else self.products.get(product, product)


def names_of(plant: PlantConfig) -> Names:
    """Collect the names of a plant file."""
    flat = list(_flatten(plant.reasons, ""))
    return Names(
        reasons={reason.code: full for reason, full in flat},
        short_reasons={reason.code: reason.name for reason, _ in flat},
        products={p.id: p.name for p in plant.products.values()},
    )


def _flatten(reasons: Iterable[ReasonConfig], above: str) -> Iterable[tuple[ReasonConfig, str]]:
    for reason in reasons:
        full = f"{above}: {reason.name}" if above else reason.name
        yield reason, full
        yield from _flatten(reason.children, reason.name)


FLAG_WORDS = {
    "performance_over_100": "Performance is above 100\u00a0%: an ideal cycle may be too long.",
    "ideal_cycle_missing": "An ideal cycle is missing: performance and OEE are unknown.",
    "counts_incomplete": "A counter was silent while its machine was alive: counts are incomplete.",
    "counts_inconsistent": "Total, good and reject counters disagree: the total rules.",
    "counter_reset": "A counter was reset.",
    "counter_rollover": "A counter rolled over.",
    "counter_glitch": "A counter slipped back and was held.",
    "counter_quarantined": "A counter jumped further than is possible: the excess is kept out.",
    "device_replaced": "A counter started anew, as after an exchange of the device.",
    "state_unmapped": "A machine told a state that its profile does not know: this time is no data.",
    "parts_while_stopped": "Parts were counted while the machine stood.",
    "parts_unscheduled": "Parts were made outside planned time.",
    "parts_in_no_data": "Parts were counted in time without data: they are in no ratio.",
    "clock_skew": "A device's clock differs from the service's.",
    "spool_dropped": "The spool was full and dropped readings.",
    "coverage_low": "Much of the planned time is without data.",
    "stop_open": "A stop is not over yet.",
    "corrected": "People corrected this shift.",
}
"""One sentence for each flag of `oee.model.FLAGS`."""


def missing_reason(name: str, window: WindowResult) -> str:
    """Say in two or three words why a ratio does not exist (it stands beside the en dash)."""
    e = window.elements
    if e.calendar_us == 0:
        return "just begun"
    if e.planned_busy_us == 0:
        return "no planned time"
    if e.known_us == 0:
        return "no data"
    if not window.quality_known and name in ("quality", "oee"):
        return "rejects unknown"
    if not window.ideal_known or any(o.ideal_cycle_us is None and o.total_count for o in e.output):
        return "ideal cycle missing"
    return "has not run" if name == "performance" else "nothing made"
