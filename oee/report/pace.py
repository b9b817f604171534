"""The curve of good pieces against the target's pace, drawn from the hour board."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oee.model import ShiftResult
from oee.report import figures as f
from oee.report.hours import HourBoard

LATE_X, FREE_Y = 800, 780
"""Right of this there is no room for words beside now; above this both curves leave the lower corner free."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Cumulative good pieces against the target's pace, as polylines in a square of 1000 × 1000, y downwards."""

    target: str
    coming: str
    actual: str
    pauses: tuple[tuple[float, float], ...]
    grid: tuple[tuple[float, str], ...]
    now_x: float
    target_y: float
    actual_y: float
    label_y: float


def pace(result: ShiftResult, board: HourBoard) -> Pace | None:
    """Draw the curve from the hour rows; None where no pieces or no targets are known."""
    target = result.shift_target_good_count
    if board.good is None or not board.rows or not target or board.target is None:
        return None
    instance, now_us = result.instance, result.window.end_us
    top = float(max(target, Fraction(board.good))) * 1.05

    def point(us: int, count: Fraction | int) -> tuple[float, float]:
        x = 1000 * (us - instance.start_us) / (instance.end_us - instance.start_us)
        return round(x, 1), round(1000 - 1000 * float(count) / top, 1)

    plan = _plan(result)
    at_now = (point(now_us, 0)[0], point(now_us, result.target_good_count or 0)[1], point(now_us, board.good)[1])
    now = (now_us, result.target_good_count or Fraction(0))
    made = [(instance.start_us, 0)]
    for row in board.rows:
        if row.phase != "todo":
            made.append((row.end_us, made[-1][1] + (row.good or 0)))
    return Pace(
        target=_polyline([point(*p) for p in plan if p[0] < now_us] + [point(*now)]),
        coming=_polyline([point(*now)] + [point(*p) for p in plan if p[0] > now_us]),
        actual=_polyline([point(*p) for p in made]),
        pauses=tuple((point(s, 0)[0], round(point(e, 0)[0] - point(s, 0)[0], 1)) for s, e, _ in instance.breaks),
        grid=tuple((point(instance.start_us, count)[1], f.pieces(count)) for count in _round_steps(top)),
        now_x=point(*now)[0],
        target_y=point(*now)[1],
        actual_y=point(*made[-1])[1],
        label_y=_label_y(*at_now),
    )


def _label_y(now_x: float, target_y: float, actual_y: float) -> float:
    """Where the gap is told: right of now beyond the curve, near the shift's end in the free corner below both."""
    lower, upper = max(target_y, actual_y), min(target_y, actual_y)
    if now_x > LATE_X:
        return 930.0 if lower < FREE_Y else max(upper - 60, 60.0)
    beyond = actual_y + 110 if actual_y >= target_y else actual_y - 60
    return round(min(max(beyond, 60.0), 970.0), 1)


def _plan(result: ShiftResult) -> list[tuple[int, Fraction]]:
    """Pieces asked up to each clock hour and each edge of a break, over the whole shift."""
    points = [(result.instance.start_us, Fraction(0))]
    for hour in result.hours:
        asked, before = hour.target_good_count or Fraction(0), points[-1][1]
        inside = (us for pause in result.instance.breaks for us in pause[:2] if hour.start_us < us < hour.end_us)
        for us in (*sorted(inside), hour.end_us):
            share = Fraction(_worked_us(result, hour.start_us, us), _worked_us(result, hour.start_us, hour.end_us) or 1)
            points.append((us, before + asked * share))
    return points


def _worked_us(result: ShiftResult, start_us: int, end_us: int) -> int:
    paused = sum(max(min(e, end_us) - max(s, start_us), 0) for s, e, _ in result.instance.breaks)
    return end_us - start_us - paused


def _polyline(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _round_steps(top: float) -> list[int]:
    """Between three and five round steps below the top."""
    size = 10 ** (len(str(int(top))) - 1)
    step = next(int(size * k) or 1 for k in (0.2, 0.25, 0.5, 1, 2, 2.5, 5) if top / (size * k) <= 5)
    return list(range(0, int(top) + 1, step))
