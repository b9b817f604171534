"""The state ribbon: segments as stretches with their place in percent, an hour axis, a legend that closes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import ZoneInfo

from oee.glance import lanes_of
from oee.model import Segment, ShiftInstance, ShiftResult
from oee.report import figures as f
from oee.report.words import BREAK, KINDS, OFF, Kind, Names, segment_kind
from oee.wallclock import clock_hours

STEPS_H = (1, 2, 3, 4, 6, 12, 24)
MAX_MARKS = 9
EDGE_PERCENT, END_PERCENT, NEARLY_PERCENT = 5.0, 9.0, 12.0
"""Nearer to now than the first, or to an end of the axis than the second, a mark would be written over it; the third
is to now on a phone."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one look and reason, with its place [% of the instance] and its shown length [tenths of a min].

    ``ends`` is ``so far`` or ``goes on`` where its end is only that of what is told; ``machine`` is a name.
    """

    start_us: int
    end_us: int
    kind: Kind
    reason: str | None
    ends: str
    x: float
    width: float
    tenths: int
    label: str
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A label of the axis at ``x`` [%]; ``alt`` marks are left out where space is short, near ones beside now."""

    x: float
    text: str
    anchor: str = "middle"
    alt: bool = False
    near_now: bool = False
    nearly_now: bool = False


@dataclass(frozen=True, slots=True)
class LegendRow:
    """Time in one look: tenths of minutes, tenths of a percent of the time shown."""

    kind: Kind
    tenths: int
    share: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Everything that a drawn ribbon, its legend and its table say; ``lanes`` are drawn one below the other."""

    stretches: tuple[Stretch, ...]
    lanes: tuple[tuple[str, tuple[Stretch, ...]], ...]
    coming: tuple[Stretch, ...]
    marks: tuple[Mark, ...]
    now_x: float | None
    now_text: str
    legend: tuple[LegendRow, ...]
    total_tenths: int


def place(us: int, instance: ShiftInstance) -> float:
    """Where an instant stands in an instance [%]."""
    return round(100 * (us - instance.start_us) / (instance.end_us - instance.start_us), 3)


def ribbon(result: ShiftResult, names: Names, zone: ZoneInfo, machines: Mapping[str, str]) -> Ribbon:
    """Draw up the ribbon of one result; while live it ends at now, breaks to come stay gaps.

    Parameters
    ----------
    machines : names of the machines of a pooled line by their ids.
    """
    instance, window = result.instance, result.window
    lanes = {machines.get(m or "", m or ""): lane for m, lane in lanes_of(window.segments).items()}
    merged = [s for name, lane in lanes.items() for s in _merged(lane, result, names, name)]
    stretches = _rounded(merged, zone)
    live = result.status == "live" and window.end_us < instance.end_us
    now_x = place(window.end_us, instance) if live else None
    return Ribbon(
        stretches=stretches,
        lanes=tuple((name, tuple(s for s in stretches if s.machine == name)) for name in lanes),
        coming=tuple(coming_stretches(instance, window.end_us, zone)),
        marks=tuple(axis(instance, zone, now_x)),
        now_x=now_x,
        now_text=f.hhmm(window.end_us, zone),
        legend=_legend(stretches),
        total_tenths=f.rounded(sum(s.end_us - s.start_us for s in window.segments), f.TENTH_MIN_US),
    )


def _merged(segments: Sequence[Segment], result: ShiftResult, names: Names, machine: str) -> list[Stretch]:
    """Join neighbours that look alike: a change of the machine's own word is no change on the ribbon."""
    merged, instance = list[Stretch](), result.instance
    open_words = "so far" if result.status == "live" else "goes on"
    for s in segments:
        kind = segment_kind(s, instance)
        told = s.reason is not None or kind.word == "Down"
        reason = names.reason(kind, s.reason) if told else None
        last = merged[-1] if merged else None
        start_us = s.start_us
        if last is not None and (last.kind, last.reason, last.end_us) == (kind, reason, s.start_us):
            merged.pop()
            start_us = last.start_us
        x = place(start_us, instance)
        width = round(place(s.end_us, instance) - x, 3)
        merged.append(Stretch(start_us, s.end_us, kind, reason, open_words if s.open else "", x, width, 0, "", machine))
    return merged


def _rounded(stretches: list[Stretch], zone: ZoneInfo) -> tuple[Stretch, ...]:
    shown = f.apportion([s.end_us - s.start_us for s in stretches], f.TENTH_MIN_US)
    return tuple(replace(s, tenths=n, label=_label(s, n, zone)) for s, n in zip(stretches, shown, strict=True))


def _label(s: Stretch, shown: int, zone: ZoneInfo) -> str:
    what = s.kind.word if s.reason in (None, s.kind.word) else f"{s.kind.word}: {s.reason}"
    ends = {"so far": " so far", "goes on": ", goes on"}.get(s.ends, "")
    return f"{what}, {f.span(s.start_us, s.end_us, zone)}, {f.tenths(shown)}{f.NBSP}min{ends}"


def coming_stretches(instance: ShiftInstance, now_us: int, zone: ZoneInfo) -> Iterator[Stretch]:
    """What is known of the time to come: its breaks, or that nothing is scheduled."""
    pieces = [(start_us, end_us, BREAK, name or "Break") for start_us, end_us, name in instance.breaks]
    if not instance.planned:
        pieces = [(now_us, instance.end_us, OFF, OFF.word)]
    for start_us, end_us, kind, name in pieces:
        start = max(start_us, now_us)
        if start < end_us:
            x = place(start, instance)
            label = f"{name} {f.span(start_us, end_us, zone)}, still to come"
            yield Stretch(start, end_us, kind, name, "", x, round(place(end_us, instance) - x, 3), 0, label)


def axis(instance: ShiftInstance, zone: ZoneInfo, now_x: float | None) -> Iterator[Mark]:
    """Label both ends and the local clock hours between them, as many as can be read side by side."""
    for mark in hour_marks(instance.start_us, instance.end_us, zone):
        away = 100.0 if now_x is None else abs(mark.x - now_x)
        yield replace(mark, near_now=away < EDGE_PERCENT, nearly_now=away < NEARLY_PERCENT)


@lru_cache(maxsize=64)
def hour_marks(start_us: int, end_us: int, zone: ZoneInfo) -> tuple[Mark, ...]:
    """Both ends and the clock hours of a shift, the same for all lines that work it."""
    marks = [Mark(0.0, f.hhmm(start_us, zone), "start")]
    for count, us in enumerate(_hours(start_us, end_us, zone)):
        x = round(100 * (us - start_us) / (end_us - start_us), 3)
        if min(x, 100 - x) >= END_PERCENT:
            marks.append(Mark(x, f.hhmm(us, zone), alt=count % 2 == 0))
    return (*marks, Mark(100.0, f.hhmm(end_us, zone), "end"))


def _hours(start_us: int, end_us: int, zone: ZoneInfo) -> list[int]:
    length_us = end_us - start_us
    step = next((h for h in STEPS_H if length_us <= h * MAX_MARKS * f.US_PER_H), STEPS_H[-1])
    inner = [inner_us for inner_us, _ in clock_hours(start_us, end_us, zone)[1:]]
    return [us for us in inner if f.local(us, zone).hour % step == 0]


def _legend(stretches: Iterable[Stretch]) -> tuple[LegendRow, ...]:
    times = dict.fromkeys(KINDS, 0)
    for s in stretches:
        times[s.kind] += s.end_us - s.start_us
    seen = [(kind, us) for kind, us in times.items() if us]
    lengths = [us for _, us in seen]
    shown = zip(seen, f.apportion(lengths, f.TENTH_MIN_US), f.shares(lengths), strict=True)
    return tuple(LegendRow(kind, n, share) for (kind, _), n, share in shown if n or share)
