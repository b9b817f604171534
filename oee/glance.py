"""A live result at a glance (pure): what a plant overview shows of a line, made once where the result is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from oee.model import Category, Segment, ShiftResult

LOST = (Category.PLANNED_STOP, Category.UNPLANNED_STOP, Category.EXTERNAL_STOP, Category.SMALL_STOP)
HATCHED = (Category.PLANNED_STOP, Category.EXTERNAL_STOP, Category.NO_DATA)
Look = tuple[int, bool]
"""A category's number, and whether it is set-up."""
Box = tuple[Look, float, float, float, float]
Lost = tuple[Category, bool, str | None, str | None, int]


@dataclass(frozen=True, slots=True)
class Glance:
    """What stands on a tile.

    Attributes
    ----------
    result : the live result without stops, hours and decisions; its only segment is the last, of a pooled line the last
        of each machine.
    since_us : since when the last segment's category and reason have been claimed without a break [µs UTC].
    before : True where they were claimed from the first instant of the window on: perhaps longer.
    lost : standstill by category, set-up, reason and, of external stops, the machine's own state [µs]; short stops
        have no reason.
    unexplained_count : unplanned stops without a reason.
    products : what was made last; empty before the first part.
    paths : of plain looks, all their stretches as one SVG path, 1000 wide for the whole instance and 100 high.
    boxes : of hatched looks, place and width of each stretch [% of the instance], top and height [%].

    Machines of a pooled line lie in lanes, one below the other.
    """

    result: ShiftResult
    since_us: int
    before: bool
    lost: tuple[Lost, ...]
    unexplained_count: int
    products: tuple[str, ...]
    paths: tuple[tuple[Look, str], ...]
    boxes: tuple[Box, ...]


def glance(result: ShiftResult) -> Glance:
    """Make the glance of a result."""
    segments = result.window.segments
    paths, boxes = _drawn(result)
    since_us = same_since(segments) if segments else result.window.start_us
    return Glance(
        result=replace(
            result,
            window=replace(result.window, segments=_newest(segments), stops=(), decisions=()),
            hours=(),
        ),
        since_us=since_us,
        before=bool(segments) and since_us == segments[0].start_us,
        lost=_lost(segments),
        unexplained_count=sum(s.category is Category.UNPLANNED_STOP and s.reason is None for s in result.window.stops),
        products=made_last(result),
        paths=paths,
        boxes=boxes,
    )


def _newest(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(lane[-1] for lane in lanes_of(segments).values())


def same_since(segments: Sequence[Segment]) -> int:
    """Since when the last segment's category and reason have been claimed [µs UTC].

    A stop goes on over a break (S-23).
    """
    last, since_us = segments[-1], segments[-1].start_us
    for s in reversed(segments):
        if last.category in LOST and s.category is Category.EXCLUDED:
            continue
        if (s.category, s.reason) != (last.category, last.reason):
            break
        since_us = s.start_us
    return since_us


def made_last(result: ShiftResult) -> tuple[str, ...]:
    """Products of the newest hour in which any was made."""
    begun = [h.elements.output for h in result.hours if h.start_us < result.window.end_us]
    for outputs in (*reversed(begun), result.window.elements.output):
        made = [o.product for o in outputs if o.product is not None and o.total_count]
        if made:
            return tuple(dict.fromkeys(made))
    return ()


def _lost(segments: Sequence[Segment]) -> tuple[Lost, ...]:
    sums: dict[tuple[Category, bool, str | None, str | None], int] = {}
    for s in segments:
        if s.category in LOST:
            reason = None if s.category is Category.SMALL_STOP else s.reason
            key = (s.category, s.setup, reason, s.state if s.category is Category.EXTERNAL_STOP else None)
            sums[key] = sums.get(key, 0) + s.end_us - s.start_us
    return tuple((*key, us) for key, us in sums.items())


def _drawn(result: ShiftResult) -> tuple[tuple[tuple[Look, str], ...], tuple[Box, ...]]:
    """Draw the stretches here, once, and not for everybody who looks; neighbours that look alike are one."""
    start_us, length_us = result.instance.start_us, result.instance.end_us - result.instance.start_us
    lanes = lanes_of(result.window.segments)
    height = 100 / max(len(lanes), 1)
    paths: dict[Look, list[str]] = {}
    boxes = list[Box]()
    for n, lane in enumerate(lanes.values()):
        y = n * height
        for a_us, b_us, category, setup in _joined(lane):
            look = (int(category), setup)
            x, right = ((us - start_us) * 10_000 // length_us / 10 for us in (a_us, b_us))
            if category in HATCHED:
                boxes.append((look, x / 10, (right - x) / 10, y, height))
            else:
                paths.setdefault(look, []).append(f"M{x:g} {y:g}H{right:g}V{y + height:g}H{x:g}z")
    return tuple((look, "".join(d)) for look, d in paths.items()), tuple(boxes)


def lanes_of(segments: Sequence[Segment]) -> dict[str | None, list[Segment]]:
    """Segments by machine: one lane, without a name, unless the line pools its machines."""
    lanes: dict[str | None, list[Segment]] = {}
    for s in segments:
        lanes.setdefault(s.machine, []).append(s)
    return lanes


def _joined(segments: Sequence[Segment]) -> Iterator[tuple[int, int, Category, bool]]:
    for (category, setup), group in groupby(segments, key=lambda s: (s.category, s.setup)):
        same = list(group)
        yield same[0].start_us, same[-1].end_us, category, setup
