"""Standstill by reason, the greatest first; starved and blocked time by the machine that caused it (S-29)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from oee.kernels.ratios import divide
from oee.model import Category, Segment, ShiftResult, Stop
from oee.report import figures as f
from oee.report.kpi import seconds
from oee.report.words import DOWN, SHORT, STOPS, Kind, Names, segment_kind, stop_kind

TOP = 5
LOSS_CATEGORIES = (*STOPS, Category.SMALL_STOP)


@dataclass(frozen=True, slots=True)
class Downtime:
    """Standstill of one look and reason: stops, tenths of minutes, the longest, share in tenths of a percent."""

    kind: Kind
    reason: str
    count: int
    tenths: int
    longest_tenths: int
    share: int
    known_reason: bool


@dataclass(frozen=True, slots=True)
class DowntimeTable:
    """The greatest losses first; ``rest`` is what the table leaves out, ``unexplained`` the row without a reason."""

    top: tuple[Downtime, ...]
    rest_rows: int
    rest: Downtime | None
    total: Downtime
    unexplained: Downtime | None


_KEY = tuple[Kind, str | None, str | None]
"""Look, reason, and the machine that is charged with it."""


def downtime(
    result: ShiftResult, names: Names, machines: Mapping[str, str], categories: tuple[Category, ...], top: int = TOP
) -> DowntimeTable:
    """Sum standstill of some categories by reason; shown rows, rest and total add up.

    Parameters
    ----------
    machines : names of the line's machines by their ids.
    """
    times, counts = _by_reason(result, categories)
    keys = _ordered(times)
    shown = f.apportion([sum(times[k]) for k in keys], f.TENTH_MIN_US)
    share = f.shares([sum(times[k]) for k in keys])
    rows = [
        Downtime(
            kind=key[0],
            reason=_label(key, names, machines),
            count=counts.get(key, 0),
            tenths=shown[i],
            longest_tenths=f.rounded(max(times[key]), f.TENTH_MIN_US),
            share=share[i],
            known_reason=key[1] is not None or key[0] is not DOWN,
        )
        for i, key in enumerate(keys)
    ]
    left = rows[top:]
    return DowntimeTable(
        top=tuple(rows[:top]),
        rest_rows=len(left),
        rest=_sum(left) if left else None,
        total=_sum(rows),
        unexplained=next((r for r in rows if not r.known_reason), None),
    )


def pareto_json(result: ShiftResult, names: Names, machines: Mapping[str, str]) -> list[dict[str, Any]]:
    """All rows of stops and small stops as JSON: seconds, count of stops, share of all of them."""
    times, counts = _by_reason(result, LOSS_CATEGORIES)
    whole_us = sum(sum(spent) for spent in times.values())
    return [
        {
            "kind": key[0].word,
            "reason": key[1],
            "machine": key[2],
            "label": _label(key, names, machines),
            "s": seconds(sum(times[key])),
            "stops": counts.get(key, 0),
            "share": float(divide(sum(times[key]), whole_us) or 0),
        }
        for key in _ordered(times)
    ]


def _ordered(times: Mapping[_KEY, list[int]]) -> list[_KEY]:
    return sorted(times, key=lambda k: (-sum(times[k]), k[0].word, k[1] or "", k[2] or ""))


def _label(key: _KEY, names: Names, machines: Mapping[str, str]) -> str:
    kind, reason, machine = key
    said = names.reason(kind, reason)
    return said if machine is None else f"{said}: {machines.get(machine, machine)}"


def _sum(rows: list[Downtime]) -> Downtime:
    return Downtime(
        kind=DOWN,
        reason="",
        count=sum(r.count for r in rows),
        tenths=sum(r.tenths for r in rows),
        longest_tenths=max((r.longest_tenths for r in rows), default=0),
        share=sum(r.share for r in rows),
        known_reason=True,
    )


def _by_reason(result: ShiftResult, categories: tuple[Category, ...]) -> tuple[dict[_KEY, list[int]], dict[_KEY, int]]:
    """Lengths of stretches in the window [µs], and the number of stops, per look, reason and culprit."""
    times: dict[_KEY, list[int]] = {}
    counts: dict[_KEY, int] = {}
    for s in result.window.segments:
        if s.category in categories:
            kind = segment_kind(s, result.instance)
            reason = None if kind is SHORT else s.reason
            for machine, length_us in _charged(s, result):
                times.setdefault((kind, reason, machine), []).append(length_us)
            if kind is SHORT:
                counts[kind, reason, None] = counts.get((kind, reason, None), 0) + 1
    for stop in result.window.stops:
        key = (stop_kind(stop, result.window), stop.reason, _culprit(stop, result))
        counts[key] = counts.get(key, 0) + 1
    return times, counts


def _charged(s: Segment, result: ShiftResult) -> Iterator[tuple[str | None, int]]:
    """A segment in stretches [µs] that one machine, or none, is charged with."""
    mine = [c for c in result.charges if s.start_us <= c.start_us < s.end_us and s.category is Category.EXTERNAL_STOP]
    owners = {c.start_us: c.machine for c in mine}
    edges = sorted({s.start_us, s.end_us, *(e for c in mine for e in (c.start_us, c.end_us))})
    for a, b in pairwise(edges):
        yield owners.get(a), b - a


def _culprit(stop: Stop, result: ShiftResult) -> str | None:
    """The machine charged with most of a stop from outside, None where no machine is charged with more."""
    if stop.category is not Category.EXTERNAL_STOP:
        return None
    end_us = result.window.end_us if stop.end_us is None else stop.end_us
    spent: dict[str | None, int] = {}
    for s in result.window.segments:
        if stop.start_us <= s.start_us < end_us and s.category is Category.EXTERNAL_STOP and s.machine == stop.machine:
            for machine, length_us in _charged(s, result):
                spent[machine] = spent.get(machine, 0) + length_us
    return max(spent, key=lambda m: (spent[m], m or ""), default=None)
