"""Flags with what raised them, and the rules that made a difference, as far as a result shows it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.calendar import exceptions_of
from oee.config.model import PlantConfig
from oee.evidence import Evidence
from oee.model import Category, Elements, Segment, ShiftResult, WindowResult
from oee.report import figures as f
from oee.report.explain_amounts import seconds_text
from oee.report.explain_figures import quantities
from oee.report.explain_sums import everything
from oee.report.words import FLAG_WORDS


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag, the sentence that says what it means, and what here raised it."""

    flag: str
    sentence: str
    because: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A calculation rule that made a difference here, and which."""

    rule: str
    says: str
    here: str


def flag_rows(window: WindowResult) -> tuple[FlagRow, ...]:
    """Every flag of a window."""
    kinds = Counter(d.kind for d in window.decisions)
    return tuple(FlagRow(flag, FLAG_WORDS[flag], _because(flag, window, kinds)) for flag in window.flags)


def _because(flag: str, window: WindowResult, kinds: Counter[str]) -> str:
    if kinds[flag]:
        return f"{kinds[flag]} of the counter decisions below"
    e, known = window.elements, quantities(window)
    ideal, coverage = known["Σcn"].value, Fraction(e.known_us, e.planned_busy_us) if e.planned_busy_us else Fraction(0)
    open_stops = [s for s in window.stops if s.end_us is None]
    found = {
        "performance_over_100": f"Σcn {seconds_text(ideal)} is more than APT {seconds_text(e.actual_production_us)}",
        "ideal_cycle_missing": _without_cycle(e),
        "state_unmapped": _states(window.segments, Category.NO_DATA),
        "parts_while_stopped": f"{e.stopped_count:,} parts",
        "parts_unscheduled": f"{sum(o.total_count for o in e.unscheduled):,} parts",
        "parts_in_no_data": f"{sum(o.total_count for o in e.unknown):,} parts",
        "coverage_low": f"coverage is {float(coverage):.1%}, less than 95 %",
        "stop_open": f"{len(open_stops)} stops without an end" if len(open_stops) != 1 else "1 stop without an end",
    }
    return found.get(flag, "")


def _without_cycle(e: Elements) -> str:
    names = {o.product or "no product" for o in e.output + e.unscheduled + e.unknown if o.ideal_cycle_us is None}
    return f"no cycle for {', '.join(sorted(names))}" if names else "nothing in force has a cycle"


def _states(segments: Sequence[Segment], category: Category) -> str:
    words = dict.fromkeys(s.state for s in segments if s.category is category and s.state is not None)
    return f"state {', '.join(words)}" if words else ""


_SAYS = {
    "S-2": "a rise faster than max_rate_per_s is a spike that goes back, or is kept out",
    "S-3": "a small drop keeps the high-water mark until it is passed",
    "S-4": "a drop by the counter's modulus is a rollover",
    "S-5": "any other drop is a reset; a drop to an impossible value is another device",
    "S-9": "where total, good and reject disagree, the total rules",
    "S-26": "a dead counter beside a live state makes counts incomplete, not time unknown",
    "S-28": "a value that can't be used is left out",
}
_ENTERED = {
    "booking": ("S-10", "bookings move parts between good, reject and rework"),
    "product": ("S-12", "the ideal cycle is the one valid when the part was made"),
    "reason": ("S-25", "a reason given later holds from the stop's start"),
    "split": ("S-24", "a person's entry wins over calendar and machine"),
    "merge": ("S-24", "a person's entry wins over calendar and machine"),
    "exception": ("S-33", "dated exceptions of the calendar"),
}
_RULE = re.compile(r"\((S-\d+)\)")


def rule_rows(e: Evidence, plant: PlantConfig, zone: ZoneInfo) -> tuple[RuleRow, ...]:
    """Rules that made a difference, in their order."""
    result = e.result
    rows = [*_of_counts(result), *_of_states(result), *_of_calendar(result, plant, zone), *_of_publishing(e)]
    return tuple(sorted(rows, key=lambda row: int(row.rule.removeprefix("S-"))))


def _of_counts(result: ShiftResult) -> Iterator[RuleRow]:
    window = result.window
    told = Counter(rule[1] for d in window.decisions if (rule := _RULE.search(d.why)))
    for told_rule, count in told.items():
        here = f"{count} counter decision{'s' if count > 1 else ''}"
        yield RuleRow(told_rule, _SAYS.get(told_rule, "counters"), here)
    e = window.elements
    if not window.quality_known:
        yield RuleRow("S-9", "without a source of rejects, quality is unknown", "Q and OEE are null")
    if len({(o.product, o.ideal_cycle_us) for o in e.output}) > 1:
        yield RuleRow("S-12", "each part counts at its own ideal cycle", f"{len(e.output)} products or cycles")
    outside = everything(e, "total_count") - e.total_count
    if outside or e.stopped_count:
        here = f"{outside:,} parts outside known planned time, {e.stopped_count:,} while stopped"
        yield RuleRow("S-13", "a part belongs to the category of the instant that counts it", here)


def _of_states(result: ShiftResult) -> Iterator[RuleRow]:
    yield from _of_standstills(result.window)
    worked_us = _run_in_breaks(result)
    if worked_us:
        yield RuleRow("S-27", "a run beats a break for its own duration", f"{seconds_text(worked_us)} run in breaks")


def _of_standstills(window: WindowResult) -> Iterator[RuleRow]:
    if "state_unmapped" in window.flags:
        yield RuleRow("S-20", "a state that no profile maps is no data", _states(window.segments, Category.NO_DATA))
    small = [s.end_us - s.start_us for s in window.segments if s.category is Category.SMALL_STOP]
    if small:
        here = f"{len(small)} × small_stop, {seconds_text(sum(small))}"
        yield RuleRow("S-22", "a short standstill is a small stop: a loss of performance", here)
    crossing = [
        s for s in window.stops if s.start_us < window.start_us or (s.end_us or window.end_us + 1) > window.end_us
    ]
    if crossing:
        says = "a stop is judged by its whole length, uncut by the window"
        yield RuleRow("S-23", says, f"{len(crossing)} stops reach over an edge or go on")
    no_reason = sum(s.category is Category.UNPLANNED_STOP and s.reason is None for s in window.stops)
    if no_reason:
        yield RuleRow("S-25", "a stop without a reason is unplanned", f"{no_reason} stops without a reason")
    setup_us = sum(s.end_us - s.start_us for s in window.segments if s.setup)
    if setup_us:
        yield RuleRow(
            "S-25", "a standstill with a change of product or order is setup", f"{seconds_text(setup_us)} of setup"
        )
    silent = [s.end_us - s.start_us for s in window.segments if s.category is Category.NO_DATA and s.state is None]
    if silent:
        here = f"{len(silent)} × no_data, {seconds_text(sum(silent))}"
        yield RuleRow("S-26", "a silence longer than max_age is judged whole, or unknown", here)


def _run_in_breaks(result: ShiftResult) -> int:
    return sum(
        max(min(s.end_us, end) - max(s.start_us, start), 0)
        for s in result.window.segments
        if s.category is Category.RUN
        for start, end, _ in result.instance.breaks
    )


def _of_calendar(result: ShiftResult, plant: PlantConfig, zone: ZoneInfo) -> Iterator[RuleRow]:
    instance = result.instance
    offsets = [f.utc_offset(us, zone) for us in (instance.start_us, instance.end_us)]
    if offsets[0] != offsets[1] and instance.name:
        yield RuleRow("S-30", "a shift is as long as it is by UTC", f"clocks change: {offsets[0]} to {offsets[1]}")
    if instance.cancelled:
        yield RuleRow("S-32", "a cancelled shift stays, with zero planned time", "this shift is cancelled")
    calendar = plant.calendars.get(plant.lines[result.line].calendar)
    if calendar is not None and instance.name and instance.production_date:
        for said in exceptions_of(calendar, plant.plant, instance):
            what = said.name or ("closed" if said.closed else "cancelled" if said.cancelled else "changed")
            yield RuleRow("S-33", "dated exceptions of the calendar", f"{said.date}: {what}")
    if instance.name and not instance.planned and not instance.cancelled:
        yield RuleRow("S-34", "time outside shifts is told as well, so that days add up", "off time")
    if result.status == "live":
        yield RuleRow("S-35", "live figures use elapsed time only", "the window is not over")


def _of_publishing(e: Evidence) -> Iterator[RuleRow]:
    result = e.result
    if e.machines and (len(e.machines) > 1 or result.method == "pooled"):
        yield RuleRow("S-40", "a line's figures come from its machines", f"{result.method} of {', '.join(e.machines)}")
    if e.parts:
        yield RuleRow("S-41", "elements are summed, ratios divided last", f"{len(e.parts)} parts")
    for kind, count in Counter(
        s.kind for s in e.entries if not s.undone and s.entered_us <= result.computed_us
    ).items():
        rule, says = _ENTERED.get(kind, ("S-51", "what people and order systems enter makes a new revision"))
        yield RuleRow(rule, says, f"{count} × {kind}")
    if result.revision is not None and result.revision > 1:
        yield RuleRow("S-51", "what is published never changes: a change makes a new revision", result.cause)
