"""What each page shows, gathered from the results: the one step between `ResultSource` and a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as day_of
from typing import Any

from oee.config.model import PlantConfig
from oee.errors import NotFoundError
from oee.live_source import DataHealthSource, Gap
from oee.model import ShiftInstance, ShiftResult
from oee.report import figures as f
from oee.report.health import gap_sentences, health_view
from oee.report.live import LineNow, line_now, rate_banners
from oee.report.measures import good_pieces, indicators
from oee.report.overview import overview
from oee.report.view import line_of, report_view, shift_head, shift_view, zone_of
from oee.report.words import names_of
from oee.source import ResultSource
from oee.web.render import json_url, line_url, page_of, report_url, shift_url

DAY_US = 24 * f.US_PER_H
REACH_US = 10 * DAY_US
"""How far the steps to the shift before and after look: over a holiday week."""
PERIODS = {
    "shift": (14, "Shifts of the last 14 days"),
    "day": (31, "Days of the last month"),
    "week": (91, "Weeks of the last quarter"),
    "month": (365, "Months of the last year"),
}
"""What reports are listed by: how far back [days], and in words."""
SORTS = ("help", "name", "oee")


@dataclass(frozen=True, slots=True)
class Content:
    """A template and its values."""

    template: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the steps lead: the shift before, the one after (None where it has not started), the report."""

    before: ShiftInstance | None
    after: ShiftInstance | None
    after_url: str
    report_url: str


def first_line_url(source: ResultSource) -> str:
    """Address of the first line of the plant; of the overview where there is none."""
    return next((line_url(line) for line in source.plant().lines), "/")


def overview_page(source: ResultSource, sort: str) -> Content:
    """Show all lines, who needs help first."""
    plant, now_us = source.plant(), source.now_us()
    asked = sort if sort in SORTS else "help"
    view = overview(source.moments(), plant, now_us, asked)
    page = page_of(plant, "overview", now_us, live=True, age_s=view.age_s)
    return Content("overview.html", {"page": page, "view": view, "sort": asked})


def _now(source: ResultSource, line: str, result: ShiftResult | None, now_us: int) -> LineNow:
    planned = result is not None and result.instance.planned and not result.instance.cancelled
    coming = None if planned else _coming(source, line, now_us)
    return line_now(source.plant(), source.state(line), result, now_us, coming)


def _coming(source: ResultSource, line: str, now_us: int) -> ShiftInstance | None:
    instances = source.instances(line, now_us, now_us + REACH_US)
    return next((i for i in instances if i.planned and not i.cancelled and i.start_us > now_us), None)


def line_page(source: ResultSource, health: DataHealthSource, line: str, date: str, shift: str) -> Content:
    """Show a line now, or at a shift of the past.

    Raises
    ------
    NotFoundError : no such line or shift.
    """
    plant, now_us = source.plant(), source.now_us()
    if line not in plant.lines:
        raise _no_line(line, plant)
    current = source.current(line)
    result = source.shift(line, date, shift) if date and shift else current
    is_now = result is None or (current is not None and result.instance.key == current.instance.key)
    now = _now(source, line, result, now_us) if is_now else None
    view = now.shift if now is not None else shift_view(result, plant) if result is not None else None
    banners = now.banners if now is not None else rate_banners(result.window, names_of(plant)) if result else ()
    data = health_view(health.line_health(line), current, plant) if is_now else None
    gaps = () if is_now or result is None else gap_words(source, health, result)
    return Content(
        "line.html",
        {
            "page": page_of(plant, "lines", now_us, live=is_now, age_s=now.age_s if now is not None else None),
            "zone": zone_of(plant),
            "line_id": line,
            "name": plant.lines[line].name,
            "lines": list(plant.lines.values()),
            "now": now,
            "shift": view,
            "health": data,
            "gap_words": gaps,
            "banners": banners,
            "empty": now.empty if now is not None else _past_empty(result),
            "neighbours": _neighbours(source, line, result, now_us),
        },
    )


def _no_line(line: str, plant: PlantConfig) -> NotFoundError:
    return NotFoundError(f"There is no line {line!r}. Lines: {', '.join(plant.lines) or 'none'}.")


def _past_empty(result: ShiftResult | None) -> str:
    return "This shift was cancelled." if result is not None and result.instance.cancelled else ""


def _neighbours(source: ResultSource, line: str, result: ShiftResult | None, now_us: int) -> Neighbours:
    at_us = now_us if result is None else result.instance.start_us
    around = source.instances(line, at_us - REACH_US, at_us + REACH_US)
    shifts = [i for i in around if i.planned and i.start_us <= now_us]
    before = next((i for i in reversed(shifts) if i.start_us < at_us), None)
    after = next((i for i in shifts if i.start_us > at_us), None)
    running = after is not None and now_us < after.end_us
    return Neighbours(
        before=before,
        after=after,
        after_url="" if after is None else line_url(line) if running else shift_url(after),
        report_url=report_url(result.instance) if result is not None and result.instance.planned else "",
    )


def health_page(source: ResultSource, health: DataHealthSource) -> Content:
    """Show where all data come from, what ails them first."""
    plant, now_us = source.plant(), source.now_us()
    moments = source.moments()
    results = {line: m.glance.result for line, m in moments.items() if m.glance is not None}
    views = [health_view(h, results.get(h.line), plant) for h in health.plant_health()]
    ages = [max(now_us - m.state.alive_us, 0) // 1_000_000 for m in moments.values() if m.state.alive_us is not None]
    return Content(
        "health.html",
        {
            "page": page_of(plant, "health", now_us, live=True, age_s=min(ages, default=None)),
            "zone": zone_of(plant),
            "lines": sorted(views, key=lambda v: -v.trouble_count),
        },
    )


def shift_gaps(health: DataHealthSource, result: ShiftResult) -> Mapping[str, Sequence[Gap]]:
    """Known gaps of collection of a result's time."""
    return health.gaps(result.line, result.window.start_us, result.window.end_us)


def gap_words(source: ResultSource, health: DataHealthSource, result: ShiftResult) -> tuple[str, ...]:
    """Tell the known gaps of a result's time."""
    plant = source.plant()
    return gap_sentences(shift_gaps(health, result), plant, result.line, zone_of(plant))


def report_page(
    source: ResultSource, health: DataHealthSource, line: str, date: str, shift: str, revision: int | None
) -> Content:
    """Show the report of a shift.

    Raises
    ------
    NotFoundError : no such line, shift or revision.
    """
    plant, now_us = source.plant(), source.now_us()
    result = source.shift(line, date, shift, revision=revision)
    words = gap_words(source, health, result)
    view = report_view(result, plant, source.revisions(line, date, shift), same_before(source, result), words)
    return Content(
        "report.html",
        {
            "page": page_of(plant, "reports", now_us),
            "zone": zone_of(plant),
            "report": view,
            "n": _neighbours(source, line, result, now_us),
            "json_url": json_url(result.instance, revision),
        },
    )


def same_before(source: ResultSource, result: ShiftResult) -> ShiftResult | None:
    """Find the newest earlier result of the shift of the same name."""
    return source.same_before(result.line, result.instance) if result.instance.planned else None


def reports_page(source: ResultSource, line: str, by: str) -> Content:
    """List the shifts of a line that have a report, or the sums of its days, weeks or months, newest first.

    Raises
    ------
    NotFoundError : no such line.
    """
    plant, now_us = source.plant(), source.now_us()
    asked = line or next(iter(plant.lines), "")
    if line and line not in plant.lines:
        raise _no_line(line, plant)
    period = by if by in PERIODS else "shift"
    days, words = PERIODS[period]
    read = {"shift": source.shifts, "day": source.days, "week": source.weeks, "month": source.months}[period]
    results = read(asked, now_us - days * DAY_US, now_us) if asked else []
    return Content(
        "reports.html",
        {
            "page": page_of(plant, "reports", now_us),
            "lines": list(plant.lines.values()),
            "line_id": asked,
            "by": period,
            "words": words,
            "periods": tuple(PERIODS),
            "rows": [_report_row(plant, r, period) for r in reversed(results) if r.instance.planned],
        },
    )


def _report_row(plant: PlantConfig, result: ShiftResult, period: str) -> dict[str, Any]:
    measures = {m.name: m for m in indicators(result, line_of(plant, result.line).targets)}
    head = shift_head(result, zone_of(plant))
    url = report_url(result.instance) if period == "shift" else ""
    title = head.title if url else _period_words(result, period)
    return {**measures, "good": good_pieces(result), "head": head, "title": title, "url": url}


def _period_words(result: ShiftResult, period: str) -> str:
    first = day_of.fromisoformat(result.instance.production_date)
    if period == "week":
        year, week, _ = first.isocalendar()
        return f"Week {week}, {year}"
    return f"{first:%B %Y}" if period == "month" else "Whole day"
