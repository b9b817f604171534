"""Free windows over the facts: any range, its clock hours and its stops, judged as the shifts in it are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby, pairwise
from operator import add

from oee.calendar import clock_hours
from oee.compute.calculator import subject
from oee.compute.rolled import Look, Whole, whole
from oee.kernels.products import ProductKey
from oee.model import FLAGS, US_PER_S, Segment, ShiftInstance, ShiftResult, Stop, WindowResult
from oee.source import LineStop
from oee.store.instances import instances_in


def window(look: Look, line: str, machine: str | None, from_us: int, to_us: int) -> ShiftResult:
    """One result over ``[from, to)``, clipped to what has elapsed."""
    parts = [
        free(found, look.now_us, a, b if b < end else max(to_us, b))
        for found, a, b, end in stretches(look, line, machine, from_us, to_us)
    ]
    return _union(parts) if len(parts) > 1 else parts[0]


def hours(look: Look, line: str, machine: str | None, from_us: int, to_us: int) -> list[ShiftResult]:
    """Local clock hours clipped to the range and cut at the edges of shifts (S-36)."""
    rows = []
    shifts = [s.instance for s in instances_in(look.conn, line, look.ids.line(line), from_us, to_us)]
    edges = {e for s in shifts for e in (s.start_us, s.end_us)}
    for found, start, end, _ in stretches(look, line, machine, from_us, to_us):
        for hour in clock_hours(start, end, found.who.zone):
            for a, b in _split(hour, edges):
                inside = next((s for s in shifts if s.start_us <= a < s.end_us), None)
                rows.append(free(found, look.now_us, a, b, inside))
    return rows


def products(
    look: Look, line: str, machine: str | None, from_us: int, to_us: int, key: ProductKey
) -> list[tuple[str | None, ShiftResult]]:
    """The range per product or order, by name, what belongs to none last; the rows' elements sum to the whole."""
    parts: dict[str | None, list[ShiftResult]] = {}
    for judged, a, b, end in stretches(look, line, machine, from_us, to_us):
        frame = _frame(line, a, b if b < end else max(to_us, b))
        for name, result in judged.rows(replace(frame, planned=False), key).items():
            parts.setdefault(name, []).append(_asked(judged, look.now_us, frame, result))
    rows = sorted(parts.items(), key=lambda row: (row[0] is None, row[0] or ""))
    return [(name, _row(_union(found), f"{key}-{name}", from_us, to_us)) for name, found in rows]


def _row(result: ShiftResult, name: str, from_us: int, to_us: int) -> ShiftResult:
    """One row of the whole range, whichever stretches of it had the product."""
    window_ = replace(result.window, start_us=from_us, end_us=max(min(to_us, result.computed_us), from_us))
    id_ = f"{result.line}-{result.machine or 'line'}-{from_us}-{to_us}-{name}"
    return replace(result, id=id_, window=window_, hours=())


def stops(look: Look, line: str, machine: str | None, from_us: int, to_us: int) -> list[LineStop]:
    """Stops that overlap the range, whole as they are known now, in order of their start."""
    found: dict[tuple[str, int], Stop] = {}
    for judged, a, b, _ in stretches(look, line, machine, from_us, to_us):
        for name, stop in _known_stops(judged, free(judged, look.now_us, a, b)):
            before = found.get((name, stop.start_us))
            found[name, stop.start_us] = _going_on(before, stop)
    since_us = min((start for _, start in found), default=from_us)
    shifts = [s.instance for s in instances_in(look.conn, line, look.ids.line(line), since_us, to_us)]
    rows = sorted(found.items(), key=lambda row: (row[0][1], row[0][0]))
    return [
        LineStop(line, name, stop, next((s for s in shifts if s.start_us <= stop.start_us < s.end_us), None))
        for (name, _), stop in rows
    ]


def _known_stops(judged: Whole, result: ShiftResult) -> Iterator[tuple[str, Stop]]:
    """Stops of a window with their machine; a window tells a stop as it stood at its end, here it goes on."""
    known = {(name, s.start_us): s for name, ctx in judged.contexts.items() for s in ctx.settled.stops}
    for told in result.window.stops:
        name = told.machine or judged.who.source.id
        yield name, replace(known[name, told.start_us], in_window_us=told.in_window_us, counted=told.counted)


def stretches(
    look: Look, line: str, machine: str | None, from_us: int, to_us: int
) -> Iterator[tuple[Whole, int, int, int]]:
    """The elapsed range in stretches that one configuration judges, as it judges the shifts in them (S-12).

    Yields
    ------
    The settled facts of a stretch, its start and end, and the end of the whole elapsed range [µs].
    """
    end = max(min(to_us, look.now_us), from_us)
    starts = [s.instance.start_us for s in instances_in(look.conn, line, look.ids.line(line), from_us, end)]
    edges = [from_us, *(s for s in starts if from_us < s < end), end]
    judged = [
        (a, b, subject(look.master, line, machine, starts[0] if starts and n == 0 else a))
        for n, (a, b) in enumerate(pairwise(edges))
    ]
    for _, group in groupby(judged, key=lambda j: (id(j[2].plant), j[2].source.id)):
        same = list(group)
        a, b, who = same[0][0], same[-1][1], same[0][2]
        yield whole(look, who, (a, b)), a, b, end


def free(judged: Whole, now_us: int, start_us: int, end_us: int, inside: ShiftInstance | None = None) -> ShiftResult:
    """A result over a window that is no instance of its own; it carries the shift it lies in, if one."""
    frame = _frame(judged.who.line.id, start_us, end_us, inside)
    return _asked(judged, now_us, frame, judged.result(replace(frame, planned=False)))


def _frame(line: str, start_us: int, end_us: int, inside: ShiftInstance | None = None) -> ShiftInstance:
    """A window as an instance, with the words of the shift that it lies in."""
    if inside is None:
        return ShiftInstance(line, "", "", start_us, end_us)
    return replace(inside, start_us=start_us, end_us=end_us, cancelled=False, breaks=())


def _asked(judged: Whole, now_us: int, frame: ShiftInstance, result: ShiftResult) -> ShiftResult:
    """A result that was asked for over a window that is no instance of its own: no target, a status by the clock."""
    return replace(
        result,
        id=f"{frame.line}-{judged.who.machine or 'line'}-{frame.start_us}-{frame.end_us}",
        instance=frame,
        status=_status(judged, now_us, frame.end_us),
        cause="asked for",
        target_good_count=None,
        shift_target_good_count=None,
    )


def _status(judged: Whole, now_us: int, end_us: int) -> str:
    """Status of a free window by the clock: live until it ends, final once nothing late is expected any more."""
    if end_us > now_us:
        return "live"
    late = end_us + judged.who.plant.policies.lateness_s * US_PER_S > now_us
    return "provisional" if late else "final"


def _split(hour: tuple[int, int], edges: set[int]) -> list[tuple[int, int]]:
    cuts = sorted({*hour, *(e for e in edges if hour[0] < e < hour[1])})
    return list(pairwise(cuts))


def _union(parts: Sequence[ShiftResult]) -> ShiftResult:
    """One result of neighbouring stretches that different configurations judge."""
    first, last = parts[0], parts[-1]
    windows = [p.window for p in parts]
    whole_window = WindowResult(
        windows[0].start_us,
        windows[-1].end_us,
        reduce(add, (w.elements for w in windows)),
        _machine_by_machine([s for w in windows for s in w.segments]),
        _joined_stops([s for w in windows for s in w.stops]),
        tuple(d for w in windows for d in w.decisions),
        tuple(f for f in FLAGS if any(f in w.flags for w in windows)),
        all(w.quality_known for w in windows),
        all(w.ideal_known for w in windows),
    )
    frame = replace(first.instance, end_us=last.instance.end_us)
    line, machine = first.line, first.machine or "line"
    return replace(
        last,
        id=f"{line}-{machine}-{frame.start_us}-{frame.end_us}",
        instance=frame,
        window=whole_window,
        definition="; ".join(dict.fromkeys(p.definition for p in parts)),
    )


def _machine_by_machine(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Keep the machines of a pooled line one after the other across the stretches."""
    lanes: dict[str | None, list[Segment]] = {}
    for s in segments:
        lanes.setdefault(s.machine, []).append(s)
    return tuple(s for lane in lanes.values() for s in lane)


def _joined_stops(stops_: Sequence[Stop]) -> tuple[Stop, ...]:
    """A stop that reaches across stretches is told once, as the last of them knows it."""
    joined: dict[tuple[str | None, int], Stop] = {}
    for s in stops_:
        before = joined.get((s.machine, s.start_us))
        joined[s.machine, s.start_us] = _going_on(before, s)
    return tuple(joined.values())


def _going_on(before: Stop | None, stop: Stop) -> Stop:
    """A stop of a stretch, with what the stretches before had of it."""
    if before is None:
        return stop
    inside_us = stop.in_window_us + before.in_window_us
    return replace(stop, in_window_us=inside_us, counted=stop.counted or before.counted)
