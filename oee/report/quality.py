"""Data quality of a result: what is not known, what counters decided, which flags stand."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from oee.model import FLAGS, Category, CounterDecision, ShiftResult
from oee.report import figures as f
from oee.report.kpi import result_ratios
from oee.report.words import FLAG_WORDS

SHOWN_GAPS = 3
SHOWN_DECISIONS = 3


@dataclass(frozen=True, slots=True)
class DataQuality:
    """What is known of a window: tenths of minutes and of a percent, None where the ratio does not exist."""

    no_data_tenths: int
    gaps: tuple[tuple[int, int], ...]
    coverage: int | None
    availability_min: int | None
    availability_max: int | None
    unscheduled_count: int
    no_data_count: int
    decisions: tuple[CounterDecision, ...]
    flags: tuple[str, ...]


def data_quality(result: ShiftResult) -> DataQuality:
    """Collect what a reader must know before trusting the figures."""
    window, derived = result.window, result_ratios(result)
    return DataQuality(
        no_data_tenths=f.rounded(window.elements.no_data_us, f.TENTH_MIN_US),
        gaps=tuple((s.start_us, s.end_us) for s in window.segments if s.category is Category.NO_DATA),
        coverage=f.ratio_tenths(derived.coverage),
        availability_min=f.ratio_tenths(derived.availability_min),
        availability_max=f.ratio_tenths(derived.availability_max),
        unscheduled_count=sum(o.total_count for o in window.elements.unscheduled),
        no_data_count=sum(o.total_count for o in window.elements.unknown),
        decisions=window.decisions,
        flags=tuple(flag for flag in FLAGS if flag in window.flags),
    )


def quality_sentences(quality: DataQuality, zone: ZoneInfo) -> tuple[str, ...]:
    """Tell it in sentences, the most important first."""
    return (*_coverage(quality, zone), *_decisions(quality, zone), *(FLAG_WORDS[flag] for flag in _unsaid(quality)))


def _coverage(q: DataQuality, zone: ZoneInfo) -> list[str]:
    if q.coverage is None:
        return ["No planned time: nothing to cover."]
    if not q.gaps or not q.no_data_tenths:
        return [f"Data is complete, coverage {f.tenths(q.coverage)}{f.NBSP}%."]
    where = ", ".join(f.span(start, end, zone) for start, end in q.gaps[:SHOWN_GAPS])
    more = f" and {len(q.gaps) - SHOWN_GAPS} more" if len(q.gaps) > SHOWN_GAPS else ""
    told = f"No data {f.minutes(q.no_data_tenths)}{f.NBSP}min ({where}{more}), coverage {f.tenths(q.coverage)}{f.NBSP}%"
    bounds = f"{f.tenths(q.availability_min)}{f.DASH}{f.tenths(q.availability_max)}{f.NBSP}%"
    return [f"{told}. Availability lies in {bounds}."]


def _decisions(q: DataQuality, zone: ZoneInfo) -> list[str]:
    if not q.decisions:
        return ["Counters: nothing had to be decided."]
    shown = [
        f"{f.hhmm(d.at_us, zone)} {d.signal}: {d.kind.replace('_', ' ')}, {d.amount}. {d.why}"
        for d in q.decisions[:SHOWN_DECISIONS]
    ]
    more = len(q.decisions) - SHOWN_DECISIONS
    return [*shown, f"{more} more decisions of counters stand in the JSON."] if more > 0 else shown


def _unsaid(q: DataQuality) -> list[str]:
    """Flags that no other sentence tells already."""
    told = {"counter_reset", "counter_rollover", "counter_glitch", "counter_quarantined"} if q.decisions else set[str]()
    return [flag for flag in q.flags if flag not in told]
