"""A live result at a glance (pure): what a plant overview shows of a line, made once where the result is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from oee.model import Category, Segment, ShiftResult

LOST = (Category.PLANNED_STOP, Category.UNPLANNED_STOP, Category.EXTERNAL_STOP, Category.SMALL_STOP)
HATCHED = (Category.PLANNED_STOP, Category.EXTERNAL_STOP, Category.NO_DATA)
PLACES = 1000
"""How finely a stretch is placed in its instance: 29 s of eight hours, half a pixel of a tile."""
HATCH_PLACES = 12
"""From this width on a hatch can be told from a plain colour."""
Look = tuple[int, bool]
"""A category's number, and whether it is set-up."""
Drawn = tuple[Look, float, float, str]
Box = tuple[Look, float, float, float, float]
Lost = tuple[Category, bool, str | None, str | None, int]


@dataclass(frozen=True, slots=True)
class Glance:
    """What stands on a tile.

    Attributes
    ----------
    result : the live result without stops, hours and decisions; its only segment is the last, of a pooled line the last
        of each machine, from when its category and reason have been claimed without a break.
    lost : standstill by category, set-up, reason and, of external stops, the machine's own state [µs]; short stops
        have no reason.
    unexplained_count : unplanned stops without a reason.
    products : what was made last; empty before the first part.
    paths : of each plain look in each lane, top and height of the lane [%] and all stretches as one SVG path, to be
        stroked 100 wide, in a box of 1000 (the whole instance) by 100.
    boxes : of hatched looks, place and width of each stretch [% of the instance], top and height [%]; one too narrow
        for its hatch is plain.

    Machines of a pooled line lie in lanes, one below the other.
    """

    result: ShiftResult
    lost: tuple[Lost, ...]
    unexplained_count: int
    products: tuple[str, ...]
    paths: tuple[Drawn, ...]
    boxes: tuple[Box, ...]


def glance(result: ShiftResult) -> Glance:
    """Make the glance of a result."""
    segments = result.window.segments
    paths, boxes = _drawn(result)
    return Glance(
        result=replace(
            result,
            window=replace(result.window, segments=_newest(segments), stops=(), decisions=()),
            hours=(),
        ),
        lost=_lost(segments),
        unexplained_count=sum(s.category is Category.UNPLANNED_STOP and s.reason is None for s in result.window.stops),
        products=made_last(result),
        paths=paths,
        boxes=boxes,
    )


def _newest(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(replace(lane[-1], start_us=same_since(lane)) for lane in lanes_of(segments).values())


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


def _drawn(result: ShiftResult) -> tuple[tuple[Drawn, ...], tuple[Box, ...]]:
    """Draw the stretches here, once, and not for everybody who looks; neighbours that look alike are one.

    Running is the ground that all else is drawn upon: one stretch from its first instant to its last.
    """
    start_us, length_us = result.instance.start_us, result.instance.end_us - result.instance.start_us
    lanes = lanes_of(result.window.segments)
    height = round(100 / max(len(lanes), 1), 2)
    drawn, boxes = list[Drawn](), list[Box]()
    for n, lane in enumerate(lanes.values()):
        y, plain = round(n * height, 2), dict[Look, list[tuple[int, int]]]()
        for a_us, b_us, category, setup in _joined(lane):
            look = (int(category), setup)
            x, right = ((us - start_us) * PLACES // length_us for us in (a_us, b_us))
            if category in HATCHED and right - x >= HATCH_PLACES:
                boxes.append((look, x / 10, (right - x) / 10, y, height))
            else:
                plain.setdefault(look, []).append((x, max(right, x + 1)))
        if running := plain.pop((int(Category.RUN), False), None):
            drawn.append(((int(Category.RUN), False), y, height, _path([(running[0][0], running[-1][1])])))
        drawn.extend((look, y, height, _path(places)) for look, places in plain.items())
    return tuple(drawn), tuple(boxes)


def _path(places: Sequence[tuple[int, int]]) -> str:
    """Lines from place to place, each step told from where the last ended: half as long as rectangles."""
    steps, at = list[str](), 0
    for x, right in places:
        steps.append(f"m{x - at} 0h{right - x}" if steps else f"M{x} 50h{right - x}")
        at = right
    return "".join(steps)


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
