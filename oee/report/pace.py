"""The curve of good pieces against the target's pace, drawn from the hour board."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from oee.model import ShiftResult
from oee.report import figures as f
from oee.report.hours import HourBoard


@dataclass(frozen=True, slots=True)
class Pace:
    """Cumulative good pieces against the target's pace, as polylines in a square of 1000 × 1000, y downwards."""

    target: str
    coming: str
    actual: str
    pauses: tuple[tuple[float, float], ...]
    grid: tuple[tuple[float, str], ...]
    now_x: float
    target_y: float | None
    actual_y: float


def pace(result: ShiftResult, board: HourBoard) -> Pace | None:
    """Draw the curve from the hour rows; None where no pieces or no targets are known."""
    target = result.shift_target_good_count
    if board.good is None or not board.rows or not target or not board.target:
        return None
    instance = result.instance
    top = float(max(target, Fraction(board.good))) * 1.05

    def point(us: int, count: float) -> tuple[float, float]:
        x = 1000 * (us - instance.start_us) / (instance.end_us - instance.start_us)
        return round(x, 1), round(1000 - 1000 * count / top, 1)

    begun = [r for r in board.rows if r.phase != "todo"]
    asked, made = [(instance.start_us, 0)], [(instance.start_us, 0)]
    for row in begun:
        asked.append((row.end_us, asked[-1][1] + (row.target or 0)))
        made.append((row.end_us, made[-1][1] + (row.good or 0)))
    coming = _coming_pace(board, asked[-1], (instance.end_us, f.rounded(target)))
    return Pace(
        target=_polyline([point(*p) for p in asked]),
        coming=_polyline([point(*p) for p in coming]),
        actual=_polyline([point(*p) for p in made]),
        pauses=tuple((point(s, 0)[0], round(point(e, 0)[0] - point(s, 0)[0], 1)) for s, e, _ in instance.breaks),
        grid=tuple((point(0, count)[1], f.pieces(count)) for count in _round_steps(top)),
        now_x=point(begun[-1].end_us, 0)[0],
        target_y=point(*asked[-1])[1],
        actual_y=point(*made[-1])[1],
    )


def _coming_pace(board: HourBoard, last: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The plan still to come: hour by hour where its rows are known, else straight to the shift's target."""
    points = [last]
    for row in board.rows:
        if row.phase == "todo" and row.target is not None:
            points.append((row.end_us, points[-1][1] + row.target))
    return [*points, end] if points[-1][0] < end[0] else points


def _polyline(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _round_steps(top: float) -> list[int]:
    """Between three and five round steps below the top."""
    size = 10 ** (len(str(int(top))) - 1)
    step = next(int(size * k) or 1 for k in (0.2, 0.25, 0.5, 1, 2, 2.5, 5) if top / (size * k) <= 5)
    return list(range(0, int(top) + 1, step))
