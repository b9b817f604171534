"""What the line page and the shift report say of one result: pure view models, the same figures for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.config.model import LineConfig, PlantConfig, Rollup, Targets
from oee.glance import made_last
from oee.model import US_PER_S, Category, ShiftInstance, ShiftResult
from oee.report import figures as f
from oee.report.hours import HourBoard, hour_board
from oee.report.losses import Bridge, StopLine, bridge, long_stops, machine_names, stop_lines
from oee.report.measures import Measure, good_pieces, indicators
from oee.report.pace import Pace, pace
from oee.report.pareto import LOSS_CATEGORIES, DowntimeTable, downtime
from oee.report.quality import DataQuality, data_quality, quality_sentences
from oee.report.ribbon import Ribbon, ribbon
from oee.report.words import Names, names_of
from oee.source import RevisionInfo

DOWN_CATEGORIES = (Category.UNPLANNED_STOP, Category.EXTERNAL_STOP)


@dataclass(frozen=True, slots=True)
class ShiftHead:
    """Which shift: its words, times in plant time, status."""

    title: str
    day: str
    day_short: str
    span: str
    length: str
    status: str
    production_date: str
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Output:
    """Target, actual, efficiency and downtime so far; tenths of a percent and of minutes."""

    good: Measure
    shift_target: int | None
    efficiency: int | None
    downtime_tenths: int
    downtime_parts: str


@dataclass(frozen=True, slots=True)
class ProductLine:
    """Parts of one product at one ideal rate [parts per minute]; good, scrap and rework None where nothing tells."""

    product: str
    total: int
    good: int | None
    scrap: int | None
    rework: int | None
    ideal_tenths_per_min: int | None


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One result in words and rounded figures; everything that any page shows of a shift."""

    line_id: str
    line: str
    head: ShiftHead
    live: bool
    output: Output
    measures: tuple[Measure, ...]
    products: tuple[ProductLine, ...]
    wip: int | None
    product_words: str
    ribbon: Ribbon
    board: HourBoard
    pace: Pace | None
    bridge: Bridge
    losses: DowntimeTable
    downtime: DowntimeTable
    stops: tuple[StopLine, ...]
    long_stops: tuple[StopLine, ...]
    unexplained: tuple[StopLine, ...]
    quality: DataQuality
    quality_words: tuple[str, ...]


def zone_of(plant: PlantConfig) -> ZoneInfo:
    """Return the plant's time zone."""
    return ZoneInfo(plant.plant.timezone)


def line_of(plant: PlantConfig, line: str) -> LineConfig:
    """Return a line of the plant; one that it no longer has is told by its id, without targets."""
    gone = LineConfig(line, line, calendar="", rollup=Rollup("", ""), targets=Targets(), machines={})
    return plant.lines.get(line, gone)


def shift_view(result: ShiftResult, plant: PlantConfig) -> ShiftView:
    """Build the view of one result."""
    zone, names, line = zone_of(plant), names_of(plant), line_of(plant, result.line)
    board, stops, quality = hour_board(result, names), stop_lines(result, names, line, zone), data_quality(result)
    good, machines = good_pieces(result), machine_names(line)
    return ShiftView(
        line_id=result.line,
        line=line.name,
        head=shift_head(result, zone),
        live=result.status == "live",
        output=_output(result, good),
        measures=indicators(result, line.targets),
        products=_products(result, names),
        wip=result.window.elements.wip_count,
        product_words=product_words(made_last(result), line, names),
        ribbon=ribbon(result, names, zone, machines),
        board=board,
        pace=pace(result, board),
        bridge=bridge(result),
        losses=downtime(result, names, machines, LOSS_CATEGORIES),
        downtime=downtime(result, names, machines, DOWN_CATEGORIES),
        stops=stops,
        long_stops=long_stops(stops),
        unexplained=tuple(s for s in stops if not s.known_reason),
        quality=quality,
        quality_words=quality_sentences(quality, zone),
    )


def shift_title(instance: ShiftInstance) -> str:
    """``Early shift``; time outside shifts is called that."""
    if not instance.planned:
        return "Outside shifts"
    name = instance.name[:1].upper() + instance.name[1:]
    return name if "shift" in name.lower() else f"{name} shift"


def shift_head(result: ShiftResult, zone: ZoneInfo) -> ShiftHead:
    """Say which shift a result tells of, and how settled it is."""
    instance = result.instance
    word = "Cancelled" if instance.cancelled else result.status.capitalize()
    start_day = f.local(instance.start_us, zone).date()
    dated = instance.production_date or start_day.isoformat()
    return ShiftHead(
        title=shift_title(instance),
        day=f.production_day(dated),
        day_short=f.production_day(dated, year=False),
        span=f.span(instance.start_us, instance.end_us, zone),
        length=f.length(instance.end_us - instance.start_us),
        status=word if result.revision is None else f"{word}, revision {result.revision}",
        production_date=dated,
        name=instance.name,
        team=instance.team or "",
    )


def _output(result: ShiftResult, good: Measure) -> Output:
    e, target = result.window.elements, result.target_good_count
    known_target = target is not None and target > 0 and result.window.quality_known and good.comparable
    parts = (
        (e.unplanned_stop_us, "unplanned"),
        (e.planned_stop_us, "planned"),
        (e.external_stop_us, "starved or blocked"),
    )
    shown = f.apportion([us for us, _ in parts], f.TENTH_MIN_US)
    words = [f"{f.minutes(n)}{f.NBSP}{word}" for n, (us, word) in zip(shown, parts, strict=True) if us]
    shift_target = result.shift_target_good_count
    return Output(
        good=good,
        shift_target=None if shift_target is None else f.rounded(shift_target),
        efficiency=f.ratio_tenths(Fraction(e.good_count) / target) if known_target and target else None,
        downtime_tenths=sum(shown),
        downtime_parts=", ".join(words) or ("no stop yet" if result.status == "live" else "no stop"),
    )


def _products(result: ShiftResult, names: Names) -> tuple[ProductLine, ...]:
    known = result.window.quality_known
    return tuple(
        ProductLine(
            product=names.product(o.product),
            total=o.total_count,
            good=o.good_count if known else None,
            scrap=o.reject_count if known else None,
            rework=o.rework_count if known else None,
            ideal_tenths_per_min=f.rounded(600 * US_PER_S / o.ideal_cycle_us) if o.ideal_cycle_us else None,
        )
        for o in result.window.elements.output
        if o.total_count
    )


def product_words(made: Sequence[str], line: LineConfig, names: Names) -> str:
    """Name what was made last; before the first part, what the machine is set to."""
    if made:
        return ", ".join(dict.fromkeys(names.product(p) for p in made))
    machine = line.machines.get(line.rollup.machine)
    return names.product(machine.product) if machine and machine.product else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure beside the same of the shift before: ``Wed 18 Nov 74.0, −3.1 pp``; empty without one."""

    measure: Measure
    before: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """The shift report: a shift's view, its revisions, and the same shift the time before."""

    plant: str
    shift: ShiftView
    zone_words: str
    generated: str
    cause: str
    definition: str
    comparisons: tuple[Comparison, ...]
    revisions: tuple[RevisionInfo, ...]
    revision: int | None
    without_reason: str
    gap_words: tuple[str, ...]


def report_view(
    result: ShiftResult,
    plant: PlantConfig,
    revisions: Sequence[RevisionInfo] = (),
    previous: ShiftResult | None = None,
    gap_words: Sequence[str] = (),
) -> ReportView:
    """Build the report of one result.

    Parameters
    ----------
    revisions : all published revisions of the shift, oldest first.
    previous : the same shift the time before, to compare with.
    gap_words : known gaps of collection, a sentence each.
    """
    zone, shift = zone_of(plant), shift_view(result, plant)
    start_us = result.instance.start_us
    label = f"{f.zone_label(start_us, zone)} ({f.utc_offset(start_us, zone)})"
    if f.utc_offset(result.instance.end_us, zone) != f.utc_offset(start_us, zone):
        label += f", at its end {f.utc_offset(result.instance.end_us, zone)}"
    return ReportView(
        plant=plant.plant.name,
        shift=shift,
        zone_words=label,
        generated=f"{f.day(f.local(result.computed_us, zone).date())}, {f.hhmm(result.computed_us, zone)}",
        cause=_cause(result, revisions, zone),
        definition=result.definition,
        comparisons=_comparisons(shift, previous, plant),
        revisions=tuple(revisions),
        revision=result.revision,
        without_reason=_without_reason(shift.downtime),
        gap_words=tuple(gap_words),
    )


def _cause(result: ShiftResult, revisions: Sequence[RevisionInfo], zone: ZoneInfo) -> str:
    before = [r for r in revisions if result.revision is not None and r.revision < result.revision]
    if not before:
        return ""
    when = f"{f.hhmm(before[-1].computed_us, zone)}, {f.day(f.local(before[-1].computed_us, zone).date(), year=False)}"
    return f"Revision {result.revision} replaces revision {before[-1].revision} of {when}. Cause: {result.cause}"


def _comparisons(shift: ShiftView, previous: ShiftResult | None, plant: PlantConfig) -> tuple[Comparison, ...]:
    order = {"oee": 0, "availability": 1, "performance": 2, "quality": 3, "good": 4}
    mine = sorted((*shift.measures, shift.output.good), key=lambda m: order[m.name])
    before: dict[str, Measure] = {}
    if previous is not None:
        targets = line_of(plant, previous.line).targets
        before = {m.name: m for m in (*indicators(previous, targets), good_pieces(previous))}
    day = "" if previous is None else shift_head(previous, zone_of(plant)).day_short
    return tuple(Comparison(m, _before(m, before.get(m.name), day)) for m in mine)


def _before(measure: Measure, before: Measure | None, day: str) -> str:
    if before is None or before.value is None:
        return ""
    if measure.value is None:
        return f"{day} {before.text}"
    return f"{day} {before.text}, {measure.difference(measure.value - before.value)}"


def _without_reason(table: DowntimeTable) -> str:
    row = table.unexplained
    if row is None:
        return "Every stop has a reason." if table.total.tenths else ""
    stops = "1 stop" if row.count == 1 else f"{row.count} stops"
    return f"Without a reason: {stops}, {f.minutes(row.tenths)}{f.NBSP}min, {f.tenths(row.share)}{f.NBSP}% of downtime."
