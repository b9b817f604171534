"""A plant of six lines in six conditions as plain data: what the pages are asked in tests, without an engine.

Every result's segments tile its window and sum to its elements; parts rise evenly over run time, so that hours sum to
their shift. ``now_us`` of the source may be moved: live results follow it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

from pages_plant import (
    DOWN,
    EXCL,
    EXT,
    LINES,
    NONE,
    NOW_US,
    PLAN,
    PRODUCTS,
    RUN,
    SMALL,
    STOPS,
    TODAY,
    ZONE,
    Condition,
    Spec,
    at,
    plant,
    spec,
)

from oee.calendar import clock_hours
from oee.config.model import PlantConfig
from oee.errors import NotFoundError
from oee.glance import glance
from oee.model import (
    US_PER_S,
    Category,
    CounterDecision,
    Elements,
    HourRow,
    ProductOutput,
    Segment,
    ShiftInstance,
    ShiftResult,
    Stop,
    WindowResult,
)
from oee.source import LineMoment, LineState, MachineState, RevisionInfo


def shift_instance(line: str, day: date, name: str) -> ShiftInstance:
    """Early with two breaks, late, and the off time of the night."""
    d, after = day.isoformat(), (day + timedelta(days=1)).isoformat()
    if name == "early":
        breaks = ((at(f"{d}T09:00"), at(f"{d}T09:15"), "Break"), (at(f"{d}T12:00"), at(f"{d}T12:30"), "Break"))
        return ShiftInstance(line, d, name, at(f"{d}T06:00"), at(f"{d}T14:00"), breaks=breaks)
    if name == "late":
        return ShiftInstance(line, d, name, at(f"{d}T14:00"), at(f"{d}T22:00"))
    return ShiftInstance(line, d, "off", at(f"{d}T22:00"), at(f"{after}T06:00"), planned=False)


def segments_of(instance: ShiftInstance, rows: Spec, until_us: int) -> tuple[Segment, ...]:
    """Tile the instance up to an instant."""
    day = datetime.fromtimestamp(instance.start_us // US_PER_S, ZONE).date().isoformat()
    starts = [instance.start_us, *(at(f"{day}T{text}") for text, *_ in rows[1:])]
    ends = [*starts[1:], instance.end_us]
    out = []
    for start, end, (_, category, reason, setup) in zip(starts, ends, rows, strict=True):
        if start < until_us:
            cut = min(end, until_us)
            named = "Break" if category is EXCL else reason
            out.append(Segment(start, cut, category, "6", named, setup, cut == until_us < instance.end_us))
    return tuple(out)


_TIMES = {
    Category.NOT_SCHEDULED: "not_scheduled_us",
    EXCL: "excluded_us",
    PLAN: "planned_stop_us",
    DOWN: "unplanned_stop_us",
    EXT: "external_stop_us",
    SMALL: "small_stop_us",
    RUN: "run_us",
    NONE: "no_data_us",
}


def elements_of(segments: tuple[Segment, ...], condition: Condition, start_us: int, end_us: int) -> Elements:
    """Sum times and parts of a window: parts rise evenly over run time, from the first segment on."""
    times = dict.fromkeys(_TIMES.values(), 0)
    setup_us = 0
    for s in segments:
        length_us = max(min(s.end_us, end_us) - max(s.start_us, start_us), 0)
        times[_TIMES[s.category]] += length_us
        setup_us += length_us if s.setup else 0
    ideal_us = PRODUCTS[condition.product].ideal_cycle_s * US_PER_S  # type: ignore[operator]
    made = [_made(segments, condition, ideal_us, us) for us in (start_us, end_us)]
    total, reject = made[1][0] - made[0][0], made[1][1] - made[0][1]
    stops = [s for s in segments if s.category is DOWN and start_us <= s.start_us < end_us]
    return Elements(
        calendar_us=sum(times.values()),
        **times,
        setup_us=setup_us,
        stop_count=len(stops),
        output=(ProductOutput(condition.product, ideal_us, total, total - reject, reject),) if total else (),
    )


def _made(segments: tuple[Segment, ...], condition: Condition, ideal_us: Fraction, us: int) -> tuple[int, int]:
    run_us = sum(max(min(s.end_us, us) - s.start_us, 0) for s in segments if s.category is RUN)
    total = int(run_us * condition.pace_percent / (100 * ideal_us))
    return total, total * condition.reject_per_mille // 1000


def window_of(segments: tuple[Segment, ...], condition: Condition, start_us: int, end_us: int) -> WindowResult:
    """Assemble a window."""
    stops = tuple(
        Stop(
            s.start_us, None if s.open else s.end_us, s.category, s.reason, s.end_us - s.start_us, s.end_us - s.start_us
        )
        for s in segments
        if s.category in STOPS
    )
    decisions = tuple(
        CounterDecision(s.end_us, "m.good", "reset", "40 parts", "A drop too large for a rollover.")
        for s in segments
        if s.category is NONE and not s.open
    )
    flags = (
        *(("counter_reset",) if decisions else ()),
        *(("stop_open",) if stops and stops[-1].end_us is None else ()),
    )
    elements = elements_of(segments, condition, start_us, end_us)
    return WindowResult(start_us, end_us, elements, segments, stops, decisions, flags)


def shift_result(
    condition: Condition, instance: ShiftInstance, rows: Spec, now_us: int, *, revision: int = 1, status: str = "final"
) -> ShiftResult:
    """One result as the engine publishes it; live while ``now_us`` lies inside the instance."""
    until_us = min(max(now_us, instance.start_us), instance.end_us)
    live = until_us < instance.end_us
    segments = segments_of(instance, rows, until_us)
    rate = Fraction(85, 100) / (PRODUCTS[condition.product].ideal_cycle_s * US_PER_S)  # type: ignore[operator]

    def planned_us(start_us: int, end_us: int) -> int:
        if not instance.planned:
            return 0
        paused = sum(max(min(e, end_us) - max(s, start_us), 0) for s, e, _ in instance.breaks)
        return end_us - start_us - paused

    hours = tuple(
        HourRow(a, b, elements_of(segments, condition, a, b), planned_us(a, b), rate * planned_us(a, b))
        for a, b in clock_hours(instance.start_us, instance.end_us, ZONE)
        if instance.planned
    )
    return ShiftResult(
        id=f"{instance.line}.line.{instance.production_date}.{instance.name}.{revision}",
        line=instance.line,
        machine=None,
        method="constraint",
        instance=instance,
        status="live" if live else status,
        revision=None if live else revision,
        computed_us=until_us + 5 * 60 * US_PER_S,
        through_us=until_us,
        definition="1-5f2c9a",
        cause="live" if live else "shift closed" if revision == 1 else "60 parts of scrap booked at 15:52",
        window=window_of(segments, condition, instance.start_us, until_us),
        hours=hours,
        target_good_count=rate * planned_us(instance.start_us, until_us),
        shift_target_good_count=rate * planned_us(instance.start_us, instance.end_us),
    )


LATE = spec("14:00 RUN; 16:00 DOWN MOTOR; 16:12 RUN; 18:30 SMALL; 18:33 RUN")
NIGHT = spec("22:00 OFF")


class PagesSource:
    """A `ResultSource` over plain data; today's early shift is live at ``now``."""

    def __init__(
        self, now_us: int = NOW_US, lines: dict[str, Condition] | None = None, plant_name: str = "Beverage plant North"
    ) -> None:
        self.now = now_us
        self._lines = LINES if lines is None else lines
        self._plant = plant(self._lines, plant_name)

    def plant(self) -> PlantConfig:
        return self._plant

    def now_us(self) -> int:
        return self.now

    def _instances(self, line: str) -> list[ShiftInstance]:
        if line not in self._lines:
            raise NotFoundError(f"There is no line {line!r}.")
        days = [TODAY + timedelta(days=n) for n in range(-3, 3)]
        return [shift_instance(line, d, name) for d in days for name in ("early", "late", "off")]

    def _result(self, instance: ShiftInstance, revision: int | None = None) -> ShiftResult:
        condition = self._lines[instance.line]
        rows = {"early": spec(condition.spec), "late": LATE, "off": NIGHT}[instance.name]
        newest = self.revisions(instance.line, instance.production_date, instance.name)
        wanted = (newest[-1].revision if newest else 1) if revision is None else revision
        if newest and wanted not in {r.revision for r in newest}:
            raise NotFoundError(f"There is no revision {wanted} of this shift.")
        return shift_result(condition, instance, rows, self.now, revision=wanted)

    def state(self, line: str) -> LineState:
        result = self.current(line)
        assert result is not None
        just_begun = Segment(self.now, self.now, RUN, "6")
        last = (just_begun, *result.window.segments)[-1]
        silent = last.category is NONE
        alive_us = last.start_us if silent else self.now - 2 * US_PER_S
        machine = MachineState("m", last.category, last.start_us, last.state, last.reason, alive_us)
        return LineState(line, last.category, last.start_us, last.state, last.reason, alive_us, (machine,))

    def current(self, line: str) -> ShiftResult | None:
        running = next(i for i in self._instances(line) if i.start_us <= self.now < i.end_us)
        return self._result(running)

    def shift(
        self, line: str, production_date: str, shift: str, machine: str | None = None, revision: int | None = None
    ) -> ShiftResult:
        for instance in self._instances(line):
            if instance.key == (line, production_date, shift) and instance.start_us <= self.now:
                return self._result(instance, revision)
        raise NotFoundError(f"Line {line!r} has no shift {shift!r} on {production_date}.")

    def shifts(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return [
            self._result(i) for i in self._instances(line) if from_us <= i.start_us < to_us and i.start_us <= self.now
        ]

    def moments(self) -> dict[str, LineMoment]:
        found = {}
        for line in self._lines:
            current = self.current(line)
            outside = current is None or not current.instance.planned
            later = [i for i in self._instances(line) if i.planned and i.start_us > self.now] if outside else []
            seen = None if current is None else glance(current)
            found[line] = LineMoment(self.state(line), seen, later[0] if later else None)
        return found

    def same_before(self, line: str, instance: ShiftInstance) -> ShiftResult | None:
        same = [i for i in self._instances(line) if i.name == instance.name and i.start_us < instance.start_us]
        return self._result(same[-1]) if same else None

    def days(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        return [r for r in self.shifts(line, from_us, to_us) if r.instance.name == "early"]

    weeks = months = days

    def window(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> ShiftResult:
        raise NotImplementedError

    def hours(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        raise NotImplementedError

    def intervals(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[Segment]:
        raise NotImplementedError

    def instances(self, line: str, from_us: int, to_us: int) -> list[ShiftInstance]:
        return [i for i in self._instances(line) if i.start_us < to_us and from_us < i.end_us]

    def revisions(self, line: str, production_date: str, shift: str) -> list[RevisionInfo]:
        for instance in self._instances(line):
            if instance.key == (line, production_date, shift) and instance.end_us <= self.now and instance.planned:
                first = RevisionInfo(1, "final", instance.end_us + 300 * US_PER_S, "shift closed")
                second = RevisionInfo(
                    2, "final", instance.end_us + 7500 * US_PER_S, "60 parts of scrap booked at 15:52"
                )
                return [first, second] if line == "filling-2" and shift == "early" else [first]
        return []
