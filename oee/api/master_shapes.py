"""What the addresses of master data answer: shapes as OpenAPI shows them, and the plain data that fill them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from oee.api.models import Shape, Timestamp
from oee.compute.master_data import Outcome
from oee.compute.rehearsal import ShiftChange
from oee.config.layers import ALWAYS_US
from oee.config.model import BreakPattern, CalendarConfig, CalendarException, PlantConfig, ProductConfig
from oee.config.scalars import show_clock
from oee.model import ShiftResult
from oee.report.kpi import local_iso, result_ratios
from oee.store.entries import Entry


class Ratios(Shape):
    """Indicators of a shift; null where unknown or impossible."""

    oee: float | None
    availability: float | None
    performance: float | None
    quality: float | None


class RevisedShift(Shape):
    """A shift that would get a new revision."""

    line: str
    machine: str | None = Field(description="null: the line; a machine where only its own figures change.")
    production_date: str
    shift: str
    revision: int | None = Field(description="The newest now; null where the shift is new.")
    cause: str
    before: Ratios | None
    after: Ratios


class Written(Shape):
    """What became of what was written."""

    changed: bool = Field(description="false: it is so already.")
    dry_run: bool
    effective: str | None = Field(description="From when on, or `always`; null for exceptions, which hold for a date.")
    shifts: list[RevisedShift] | None = Field(description="With dry_run: what would be revised, newest first.")
    looked_at: int | None = Field(description="With dry_run: how many shifts were computed.")
    is_whole: bool | None = Field(description="With dry_run: false where older shifts were not looked at.")


class Break(Shape):
    """A break in local time."""

    name: str
    start: str
    end: str


class Exception_(Shape):  # noqa: N801 - the name without it is Python's
    """One exception of a date, as the plant file writes it."""

    date: str
    name: str
    closed: bool
    shifts: list[str] | None
    shift: str | None
    start: str | None
    end: str | None
    cancelled: bool
    breaks: list[Break] | None
    author: str | None = Field(description="Who wrote it; null: the plant file.")
    entered: Timestamp | None
    why: str | None


class Exceptions(Shape):
    """Exceptions of a calendar, by date."""

    items: list[Exception_]


class Product(Shape):
    """A product, with its ideal cycle at each machine that knows one [s per part]."""

    id: str
    name: str
    unit: str
    ideal_cycle_s: float | None
    machines: dict[str, float]


class Products(Shape):
    """All products."""

    items: list[Product]


def written(outcome: Outcome, zone: ZoneInfo) -> dict[str, Any]:
    """Build the answer to whoever wrote."""
    rehearsed, since = outcome.rehearsal, outcome.effective_us
    return {
        "changed": outcome.changed,
        "dry_run": rehearsed is not None,
        "effective": None if since is None else "always" if since == ALWAYS_US else local_iso(since, zone),
        "shifts": None if rehearsed is None else [revised_item(s) for s in rehearsed.shifts],
        "looked_at": None if rehearsed is None else rehearsed.looked_at,
        "is_whole": None if rehearsed is None else rehearsed.is_whole,
    }


def revised_item(change: ShiftChange) -> dict[str, Any]:
    """Build one shift that would be revised."""
    instance = change.after.instance
    return {
        "line": instance.line,
        "machine": change.machine,
        "production_date": instance.production_date,
        "shift": instance.name,
        "revision": change.before.revision if change.before else None,
        "cause": change.cause,
        "before": ratios_item(change.before) if change.before else None,
        "after": ratios_item(change.after),
    }


def ratios_item(result: ShiftResult) -> dict[str, float | None]:
    """OEE and its three factors, unrounded."""
    found = result_ratios(result)
    values = {name: getattr(found, name) for name in ("oee", "availability", "performance", "quality")}
    return {name: None if value is None else float(value) for name, value in values.items()}


def exception_items(calendar: CalendarConfig, entries: Sequence[Entry], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Build all exceptions of a calendar, with who wrote them."""
    by = {e.said["date"]: e for e in entries if e.said["body"] is not None}
    ordered = sorted(calendar.exceptions, key=lambda e: e.date)
    return [_exception_item(e, by.get(e.date.isoformat()), zone) for e in ordered]


def _exception_item(said: CalendarException, entry: Entry | None, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "date": said.date.isoformat(),
        "name": said.name,
        "closed": said.closed,
        "shifts": None if said.shifts is None else list(said.shifts),
        "shift": said.shift,
        "start": None if said.start_min is None else show_clock(said.start_min),
        "end": None if said.end_min is None else show_clock(said.end_min),
        "cancelled": said.cancelled,
        "breaks": None if said.breaks is None else [_break_item(b) for b in said.breaks],
        "author": entry.author if entry else None,
        "entered": local_iso(entry.entered_us, zone) if entry else None,
        "why": entry.why if entry else None,
    }


def _break_item(pause: BreakPattern) -> dict[str, str]:
    return {"name": pause.name, "start": show_clock(pause.start_min), "end": show_clock(pause.end_min)}


def product_item(plant: PlantConfig, product: ProductConfig) -> dict[str, Any]:
    """Build one product."""
    cycles = {}
    for line in plant.lines.values():
        for machine in line.machines.values():
            default = machine.ideal_cycle_s if machine.product == product.id else None
            cycle = machine.ideal_cycles_s.get(product.id) or default
            if cycle is not None:
                cycles[f"{line.id}/{machine.id}"] = float(cycle)
    own = None if product.ideal_cycle_s is None else float(product.ideal_cycle_s)
    named = {"id": product.id, "name": product.name, "unit": product.unit}
    return {**named, "ideal_cycle_s": own, "machines": cycles}
