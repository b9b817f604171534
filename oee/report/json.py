"""The shift report as JSON: the API's own KPI item under ``kpi``, beside everything that the page says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from oee.config.model import PlantConfig
from oee.live_source import Gap
from oee.model import CounterDecision, HourRow, Segment, ShiftResult, Stop
from oee.report.health import gap_json
from oee.report.hours import HourLine, hour_board
from oee.report.kpi import elements_item, kpi_item, local_iso, result_ratios, seconds
from oee.report.losses import machine_names
from oee.report.pareto import pareto_json
from oee.report.quality import data_quality
from oee.report.view import line_of, zone_of
from oee.report.words import names_of
from oee.source import RevisionInfo


def report_json(
    result: ShiftResult,
    revisions: Sequence[RevisionInfo],
    plant: PlantConfig,
    gaps: Mapping[str, Sequence[Gap]] | None = None,
) -> dict[str, Any]:
    """Build the report's JSON object.

    Parameters
    ----------
    revisions : all published revisions of the shift, oldest first.
    gaps : known gaps of collection by machine.

    Returns
    -------
    dict : ``header``, ``kpi`` (as ``GET /api/v1/kpis`` answers it), ``targets``, ``hours``, ``segments``, ``stops``,
        ``losses``, ``pareto``, ``products``, ``data_quality``, ``revisions``. Times are RFC 3339 in plant time,
        durations ``_s``.
    """
    zone = zone_of(plant)
    kpi = kpi_item(result, zone)
    targets = asdict(line_of(plant, result.line).targets)
    return {
        "header": _header(result, plant, zone),
        "kpi": kpi,
        "targets": targets
        | {
            "good_count": _number(result.target_good_count),
            "shift_good_count": _number(result.shift_target_good_count),
        },
        "products": _products(result),
        "hours": _hours(result, plant, zone),
        "segments": [_segment(s, zone) for s in result.window.segments],
        "stops": [_stop(s, zone) for s in result.window.stops],
        "losses": kpi["losses"],
        "pareto": pareto_json(result, names_of(plant), machine_names(line_of(plant, result.line))),
        "data_quality": _quality(result, zone)
        | {
            "collection_gaps": [{"machine": m, **gap_json(g, zone)} for m, found in (gaps or {}).items() for g in found]
        },
        "revisions": [_revision(r, zone) for r in revisions],
    }


def _header(result: ShiftResult, plant: PlantConfig, zone: ZoneInfo) -> dict[str, Any]:
    instance = result.instance
    return {
        "plant": plant.plant.name,
        "line": result.line,
        "line_name": line_of(plant, result.line).name,
        "machine": result.machine,
        "shift": instance.name or None,
        "production_date": instance.production_date or None,
        "start": local_iso(instance.start_us, zone),
        "end": local_iso(instance.end_us, zone),
        "length_s": seconds(instance.end_us - instance.start_us),
        "timezone": plant.plant.timezone,
        "cancelled": instance.cancelled,
        "status": result.status,
        "revision": result.revision,
        "generated_at": local_iso(result.computed_us, zone),
        "through": local_iso(result.through_us, zone),
        "cause": result.cause,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _products(result: ShiftResult) -> list[dict[str, Any]]:
    known = result.window.quality_known
    return [
        {
            "product": o.product,
            "ideal_cycle_s": seconds(o.ideal_cycle_us),
            "total_count": o.total_count,
            "good_count": o.good_count if known else None,
            "reject_count": o.reject_count if known else None,
            "rework_count": o.rework_count if known else None,
        }
        for o in result.window.elements.output
    ]


def _hours(result: ShiftResult, plant: PlantConfig, zone: ZoneInfo) -> list[dict[str, Any]]:
    lines = {line.start_us: line for line in hour_board(result, names_of(plant)).rows}
    return [_hour(hour, lines[hour.start_us], zone) for hour in result.hours]


def _hour(hour: HourRow, line: HourLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(hour.start_us, zone),
        "end": local_iso(hour.end_us, zone),
        "phase": line.phase,
        "planned_s": seconds(hour.planned_us),
        "target_good_count": _number(hour.target_good_count),
        "target_shown": line.target,
        "good_count": line.good,
        "delta": line.delta,
        "cumulative_delta": line.sum_delta,
        "reject_count": line.scrap,
        "longest_stop": line.longest_reason or None,
        "elements": elements_item(hour.elements),
    }


def _segment(s: Segment, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(s.start_us, zone),
        "end": local_iso(s.end_us, zone),
        "length_s": seconds(s.end_us - s.start_us),
        "category": s.category.word,
        "state": s.state,
        "reason": s.reason,
        "setup": s.setup,
        "open": s.open,
    }


def _stop(s: Stop, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(s.start_us, zone),
        "end": None if s.end_us is None else local_iso(s.end_us, zone),
        "category": s.category.word,
        "reason": s.reason,
        "length_s": seconds(s.length_us),
        "in_shift_s": seconds(s.in_window_us),
        "open": s.end_us is None,
    }


def _quality(result: ShiftResult, zone: ZoneInfo) -> dict[str, Any]:
    quality, derived = data_quality(result), result_ratios(result)
    return {
        "no_data_s": seconds(result.window.elements.no_data_us),
        "gaps": [{"start": local_iso(start, zone), "end": local_iso(end, zone)} for start, end in quality.gaps],
        "coverage": _number(derived.coverage),
        "availability_min": _number(derived.availability_min),
        "availability_max": _number(derived.availability_max),
        "unscheduled_count": quality.unscheduled_count,
        "no_data_count": quality.no_data_count,
        "counter_decisions": [_decision(d, zone) for d in quality.decisions],
        "flags": list(quality.flags),
    }


def _decision(d: CounterDecision, zone: ZoneInfo) -> dict[str, Any]:
    return {"at": local_iso(d.at_us, zone), "signal": d.signal, "kind": d.kind, "amount": d.amount, "why": d.why}


def _revision(r: RevisionInfo, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "revision": r.revision,
        "status": r.status,
        "computed_at": local_iso(r.computed_us, zone),
        "cause": r.cause,
        "author": r.author,
    }
