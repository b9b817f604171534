"""One KPI item of the API (contract.md), made from the one result that pages and reports use as well."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from oee.kernels.ratios import Ratios, ideal_good_us, ideal_total_us, losses, ratios
from oee.model import US_PER_S, Elements, ShiftResult, WindowResult

RATIO_NAMES = (
    "availability",
    "performance",
    "quality",
    "oee",
    "loading",
    "teep",
    "ooe",
    "nee",
    "coverage",
    "availability_min",
    "availability_max",
    "piece_quality",
    "scrap_ratio",
    "rework_ratio",
    "first_pass_yield",
)
TIME_ELEMENTS = (
    ("calendar_s", "calendar_us"),
    ("not_scheduled_s", "not_scheduled_us"),
    ("excluded_s", "excluded_us"),
    ("planned_busy_s", "planned_busy_us"),
    ("no_data_s", "no_data_us"),
    ("planned_stop_s", "planned_stop_us"),
    ("unplanned_stop_s", "unplanned_stop_us"),
    ("external_stop_s", "external_stop_us"),
    ("small_stop_s", "small_stop_us"),
    ("run_s", "run_us"),
    ("actual_production_s", "actual_production_us"),
    ("setup_s", "setup_us"),
)


def seconds(us: int | Fraction | None) -> float | None:
    """Convert µs to seconds for an answer."""
    return None if us is None else float(Fraction(us) / US_PER_S)


def local_iso(us: int, zone: ZoneInfo) -> str:
    """Write an instant [µs UTC] as RFC 3339 in plant time, to the microsecond only where it has a fraction."""
    whole, fraction = divmod(us, US_PER_S)
    moment = datetime.fromtimestamp(whole, tz=zone).replace(microsecond=fraction)
    return moment.isoformat()


def knowns(window: WindowResult) -> dict[str, bool]:
    """What is known of a window's inputs, as the ratios take it."""
    return {"quality_known": window.quality_known, "ideal_known": window.ideal_known}


def result_ratios(result: ShiftResult) -> Ratios:
    """Ratios of a result; the only way in which pages, reports and the API get theirs."""
    return ratios(result.window.elements, **knowns(result.window))


def elements_item(e: Elements) -> dict[str, Any]:
    """Elements as the contract names them."""
    item: dict[str, Any] = {name: seconds(getattr(e, attribute)) for name, attribute in TIME_ELEMENTS}
    total, good = ideal_total_us(e.output), ideal_good_us(e.output)
    return item | {
        "ideal_total_s": seconds(total),
        "ideal_good_s": seconds(good),
        "total_count": e.total_count,
        "good_count": e.good_count,
        "reject_count": e.reject_count,
        "rework_count": e.rework_count,
        "unscheduled_count": sum(o.total_count for o in e.unscheduled),
        "no_data_count": sum(o.total_count for o in e.unknown),
        "stopped_count": e.stopped_count,
        "startup_count": e.startup_count,
        "wip_count": e.wip_count,
        "stop_count": e.stop_count,
        "closed_stop_count": e.closed_stop_count,
        "closed_stop_s": seconds(e.closed_stop_us),
    }


def kpi_item(
    result: ShiftResult, zone: ZoneInfo, product: str | None = None, order: str | None = None
) -> dict[str, Any]:
    """Build the JSON object of one result, or of one product's or order's share of it."""
    derived, window, instance = result_ratios(result), result.window, result.instance
    item: dict[str, Any] = {
        "id": result.id,
        "line": result.line,
        "machine": result.machine,
        "shift": instance.name or None,
        "team": instance.team,
        "production_date": instance.production_date or None,
        "start": local_iso(window.start_us, zone),
        "end": local_iso(window.end_us, zone),
        "product": product,
        "order": order,
        "status": result.status,
        "revision": result.revision,
        "method": result.method,
        "definition": result.definition,
    }
    for name in RATIO_NAMES:
        value = getattr(derived, name)
        item[name] = None if value is None else float(value)
    return item | {
        "mttr_s": seconds(derived.mttr_us),
        "mtbf_s": seconds(derived.mtbf_us),
        "elements": elements_item(window.elements),
        "losses": {
            loss.name: {
                "s": seconds(loss.time_us),
                "parts": None if loss.parts_count is None else float(loss.parts_count),
            }
            for loss in losses(window.elements, **knowns(window))
        },
        "flags": list(window.flags),
    }
