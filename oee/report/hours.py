"""The hour board (S-36): plan, good pieces, difference, scrap and standstill of each clock hour of a shift."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oee.model import HourRow, ShiftResult, Stop
from oee.report import figures as f
from oee.report.measures import is_silent
from oee.report.words import Kind, Names, stop_kind

BAR_PERCENT = 94.4
"""Where the greatest figure of the board ends in its bar [%]."""


@dataclass(frozen=True, slots=True)
class HourLine:
    """One row: pieces, differences, tenths of stopped minutes; None where nothing is known or the hour is to come."""

    start_us: int
    end_us: int
    phase: str
    product: str
    target: int | None
    good: int | None
    delta: int | None
    sum_delta: int | None
    scrap: int | None
    stopped_tenths: int | None
    longest: Kind | None
    longest_reason: str
    bar: float | None
    tick: float | None


@dataclass(frozen=True, slots=True)
class HourBoard:
    """Rows and their sum over the hours that have begun."""

    rows: tuple[HourLine, ...]
    target: int | None
    good: int | None
    delta: int | None
    scrap: int | None
    stopped_tenths: int


def hour_board(result: ShiftResult, names: Names) -> HourBoard:
    """Build the board; shown targets and minutes add up to the shown sums."""
    begun = [h for h in result.hours if h.start_us < result.window.end_us]
    coming = [h for h in result.hours if h.start_us >= result.window.end_us]
    targets = _asked_so_far(result, begun)
    stopped = f.apportion([stopped_us(h) for h in begun], f.TENTH_MIN_US)
    coming_targets = [h.target_good_count for h in coming]
    known = result.window.quality_known
    target = None if None in targets or not targets else sum(t or 0 for t in targets)
    good = sum(h.elements.good_count for h in begun) if known else None
    scale = max([1, *(t or 0 for t in targets), *(h.elements.good_count for h in begun)])
    rows, sum_delta = list[HourLine](), 0
    for hour, asked, tenths in zip(begun, targets, stopped, strict=True):
        sum_delta += hour.elements.good_count - (asked or 0)
        rows.append(_begun(result, names, hour, asked, sum_delta, tenths, scale))
    rows.extend(_coming(h, asked, names, scale) for h, asked in zip(coming, _shown(coming_targets), strict=True))
    return HourBoard(
        rows=tuple(rows),
        target=target,
        good=good,
        delta=None if good is None or target is None or is_silent(result) else good - target,
        scrap=sum(h.elements.reject_count for h in begun) if known else None,
        stopped_tenths=sum(stopped),
    )


def _begun(
    result: ShiftResult, names: Names, hour: HourRow, target: int | None, sum_delta: int, stopped: int, scale: int
) -> HourLine:
    known, longest = result.window.quality_known, _longest(result, hour)
    good = hour.elements.good_count if known else None
    phase = "now" if _is_now(result, hour) else "past"
    comparable = phase == "past" or not is_silent(result)
    delta = good - target if good is not None and target is not None and comparable else None
    kind = None if longest is None else stop_kind(longest, result.window)
    return HourLine(
        start_us=hour.start_us,
        end_us=min(hour.end_us, result.window.end_us),
        phase=phase,
        product=_products(hour, names),
        target=target,
        good=good,
        delta=delta,
        sum_delta=None if delta is None else sum_delta,
        scrap=hour.elements.reject_count if known else None,
        stopped_tenths=stopped,
        longest=kind,
        longest_reason=names.reason(kind, longest.reason, short=True) if kind and longest else "",
        bar=None if good is None else round(BAR_PERCENT * good / scale, 1),
        tick=None if target is None else round(BAR_PERCENT * target / scale, 1),
    )


def _coming(hour: HourRow, target: int | None, names: Names, scale: int) -> HourLine:
    """Tell the plan of an hour to come."""
    return HourLine(
        start_us=hour.start_us,
        end_us=hour.end_us,
        phase="todo",
        product=_products(hour, names),
        target=target,
        good=None,
        delta=None,
        sum_delta=None,
        scrap=None,
        stopped_tenths=None,
        longest=None,
        longest_reason="",
        bar=None,
        tick=None if target is None else round(min(BAR_PERCENT * target / scale, 100.0), 1),
    )


def stopped_us(hour: HourRow) -> int:
    """Length of the stops of an hour [µs]."""
    e = hour.elements
    return e.planned_stop_us + e.unplanned_stop_us + e.external_stop_us


def _asked_so_far(result: ShiftResult, begun: list[HourRow]) -> list[int | None]:
    """Targets of the hours that have begun; of the running hour's plan only what the time so far asks."""
    exact = [h.target_good_count for h in begun]
    so_far, now_us = result.target_good_count, result.window.end_us
    if begun and begun[-1].end_us > now_us and so_far is not None and exact[-1] is not None:
        exact[-1] = so_far - sum((t for t in exact[:-1] if t is not None), Fraction(0))
    return _shown(exact)


def _shown(exact: list[Fraction | None]) -> list[int | None]:
    shown = iter(f.apportion([t for t in exact if t is not None]))
    return [None if t is None else next(shown) for t in exact]


def _is_now(result: ShiftResult, hour: HourRow) -> bool:
    now_us = result.window.end_us
    return result.status == "live" and hour.start_us < now_us <= hour.end_us and now_us < result.instance.end_us


def _products(hour: HourRow, names: Names) -> str:
    made = dict.fromkeys(names.product(o.product) for o in hour.elements.output if o.total_count and o.product)
    return ", ".join(made)


def _longest(result: ShiftResult, hour: HourRow) -> Stop | None:
    """Find the stop that took most of an hour."""

    def overlap_us(stop: Stop) -> int:
        end_us = result.window.end_us if stop.end_us is None else stop.end_us
        return min(end_us, hour.end_us) - max(stop.start_us, hour.start_us)

    longest = max(result.window.stops, key=overlap_us, default=None)
    return longest if longest is not None and overlap_us(longest) > 0 else None
