"""Losses: the bridge from planned time to good pieces, and the stops one by one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.config.model import LineConfig
from oee.kernels.ratios import Loss, losses
from oee.model import ShiftResult, Stop
from oee.report import figures as f
from oee.report.kpi import knowns
from oee.report.states import state_word
from oee.report.words import CHANGEOVER, DOWN, EXTERNAL, SHORT, Kind, Names, stop_kind

LONG_STOP_US = 10 * f.US_PER_MIN


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the bridge: a level or a loss, in tenths of minutes and in pieces; ``x`` and ``width`` in %."""

    label: str
    level: bool
    fill: str
    tenths: int
    pieces: int | None
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bridge:
    """Steps from known planned time downwards; ``note`` says where it has to end early, and why."""

    steps: tuple[Step, ...]
    note: str


# name of the loss, its words, its drawing; a level stands after the losses that lead to it
_PLAN: tuple[tuple[tuple[tuple[str, str, str], ...], str, str], ...] = (
    (
        (
            ("breakdown", "Breakdown", DOWN.fill),
            ("setup_adjustment", "Setup and adjustment", CHANGEOVER.fill),
            ("external", "Starved or blocked", EXTERNAL.fill),
        ),
        "Production time",
        "lvl",
    ),
    ((("small_stops", "Short stops", SHORT.fill), ("reduced_speed", "Reduced speed", "speed")), "Net run time", "lvl"),
    (
        (
            ("work_in_process", "Work in process", "bar"),
            ("startup_rejects", "Start-up rejects", "bar"),
            ("production_rejects", "Production rejects", "bar"),
        ),
        "Fully productive time",
        "bar",
    ),
)


HIDDEN_AT_ZERO = ("work_in_process", "startup_rejects")
"""Losses that few lines have."""


def bridge(result: ShiftResult) -> Bridge:
    """Build the bridge; in minutes as in pieces every level is the one before less the losses between."""
    e = result.window.elements
    by_name = {name: Loss(name, Fraction(0), Fraction(0)) for name in HIDDEN_AT_ZERO}
    by_name |= {loss.name: loss for loss in losses(e, **knowns(result.window))}
    steps = [loss for group, _, _ in _PLAN for loss in (by_name[name] for name, _, _ in group)]
    told = steps[: next((i for i, loss in enumerate(steps) if loss.time_us is None), len(steps))]
    lost_us = [loss.time_us or Fraction(0) for loss in told]
    rest_us = e.known_us - sum(lost_us, Fraction(0))
    shown = f.apportion([*lost_us, rest_us], f.TENTH_MIN_US)
    shown_pieces = _pieces(result, told)
    note = "" if len(told) == len(steps) else _why_short(by_name)
    return Bridge(tuple(_steps(told, shown, shown_pieces)), note)


def _pieces(result: ShiftResult, told: list[Loss]) -> list[int] | None:
    """Whole pieces of each loss and of the rest; None while nothing was made to measure them by."""
    if any(loss.parts_count is None for loss in told) or not result.window.elements.total_count:
        return None
    e = result.window.elements
    lost = [loss.parts_count or Fraction(0) for loss in told]
    names = {loss.name for loss in told}
    rest = e.good_count if "production_rejects" in names else e.total_count
    return f.apportion([*lost, rest])


def _why_short(by_name: dict[str, Loss]) -> str:
    if by_name["reduced_speed"].time_us is None:
        return "An ideal cycle is missing: losses of speed and quality are unknown."
    return "Nothing tells rejects: losses of quality are unknown."


def _steps(told: list[Loss], shown: list[int], pieces: list[int] | None) -> list[Step]:
    level, count = sum(shown), None if pieces is None else sum(pieces)
    scale = max(level, 1)
    steps = [Step("Known planned time", True, "lvl", level, count, 0.0, 100.0)]
    taken = 0
    for group, label, fill in _PLAN:
        for name, loss_label, loss_fill in group[: max(len(told) - taken, 0)]:
            lost, lost_pieces = shown[taken], None if pieces is None else pieces[taken]
            level, taken = level - lost, taken + 1
            count = None if count is None or lost_pieces is None else count - lost_pieces
            x, width = _bar(level, level + lost, scale)
            if lost or lost_pieces or name not in HIDDEN_AT_ZERO:
                minus = None if lost_pieces is None else -lost_pieces
                steps.append(Step(loss_label, False, loss_fill, -lost, minus, x, width))
        if taken < _upto(label):
            break
        steps.append(Step(label, True, fill, level, count, 0.0, _bar(0, level, scale)[1]))
    return steps


def _upto(label: str) -> int:
    """Count the losses that lead down to a level."""
    count = 0
    for group, name, _ in _PLAN:
        count += len(group)
        if name == label:
            break
    return count


def _bar(low: int, high: int, scale: int) -> tuple[float, float]:
    left, right = (min(max(100 * v / scale, 0.0), 100.0) for v in sorted((low, high)))
    return round(left, 2), round(right - left, 2)


@dataclass(frozen=True, slots=True)
class StopLine:
    """One stop as told to people: its whole length in tenths of minutes, and how much of it lies in the shift.

    ``span`` is from when to when, ``13:51–so far`` while live; ``13:44–14:00, goes on`` where a shift of the past ended
    first.
    """

    start_us: int
    end_us: int | None
    span: str
    kind: Kind
    reason: str
    known_reason: bool
    tenths: int
    in_shift_tenths: int
    state: str
    machine: str


def stop_lines(result: ShiftResult, names: Names, line: LineConfig, zone: ZoneInfo) -> tuple[StopLine, ...]:
    """Every stop of the window in order of time, with the machine's own word for its state where it began."""
    profiles = {m.id: s.profile for m in line.machines.values() if (s := m.signals.get("state")) is not None}
    return tuple(
        StopLine(
            start_us=stop.start_us,
            end_us=stop.end_us,
            span=_span(stop, result, zone),
            kind=(kind := stop_kind(stop, result.window)),
            reason=names.reason(kind, stop.reason),
            known_reason=stop.reason is not None or kind is not DOWN,
            tenths=f.rounded(stop.length_us, f.TENTH_MIN_US),
            in_shift_tenths=f.rounded(stop.in_window_us, f.TENTH_MIN_US),
            state=_state_words(stop, result, profiles.get(stop.machine or result.machine or line.rollup.machine)),
            machine=machine_names(line).get(stop.machine or "", stop.machine or ""),
        )
        for stop in result.window.stops
    )


def _span(stop: Stop, result: ShiftResult, zone: ZoneInfo) -> str:
    if stop.end_us is not None:
        return f.span(stop.start_us, stop.end_us, zone)
    if result.status == "live":
        return f"{f.hhmm(stop.start_us, zone)}{f.DASH}so far"
    return f"{f.span(stop.start_us, result.window.end_us, zone)}, goes on"


def machine_names(line: LineConfig) -> dict[str, str]:
    """Names of a line's machines by their ids."""
    return {m.id: m.name for m in line.machines.values()}


def _state_words(stop: Stop, result: ShiftResult, profile: str | None) -> str:
    """The state that the machine told first in a stop; none where it began before the window."""
    said = (
        s.state
        for s in result.window.segments
        if s.machine == stop.machine and s.category is stop.category and s.end_us > stop.start_us
    )
    state = next(said, None)
    return "" if state is None else state_word(profile, state)


def long_stops(lines: tuple[StopLine, ...]) -> tuple[StopLine, ...]:
    """Pick the stops over ten minutes."""
    return tuple(s for s in lines if s.tenths * f.TENTH_MIN_US > LONG_STOP_US)
