"""A plant of six lines in six conditions as plain data: what the pages are asked in tests, without an engine.

Every result's segments tile its window and sum to its elements; parts rise evenly over run time, so that hours sum to
their shift. ``now_us`` of the source may be moved: live results follow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from oee.calendar import clock_hours
from oee.config.model import (
    LineConfig,
    MachineConfig,
    PlantConfig,
    PlantInfo,
    ProductConfig,
    ReasonConfig,
    Rollup,
    Targets,
)
from oee.errors import NotFoundError
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
from oee.source import LineState, MachineState, RevisionInfo

ZONE = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 19)
RUN, SMALL, DOWN = Category.RUN, Category.SMALL_STOP, Category.UNPLANNED_STOP
EXT, PLAN, NONE, EXCL = Category.EXTERNAL_STOP, Category.PLANNED_STOP, Category.NO_DATA, Category.EXCLUDED
STOPS = (DOWN, EXT, PLAN)

# from, category, reason, set-up; each lasts until the next, the last until the end of the shift
Spec = tuple[tuple[str, Category, str | None, bool], ...]


def spec(text: str) -> Spec:
    """Read ``06:00 PLAN START; 06:08 RUN; …``; ``*`` behind a reason means set-up."""
    rows = []
    for part in text.split(";"):
        at, category, *reason = part.split()
        word = reason[0].rstrip("*") if reason else ""
        rows.append((at, Category[CATEGORY_WORDS[category]], word or None, bool(reason) and reason[0].endswith("*")))
    return tuple(rows)


CATEGORY_WORDS = {
    "RUN": "RUN",
    "SMALL": "SMALL_STOP",
    "DOWN": "UNPLANNED_STOP",
    "EXT": "EXTERNAL_STOP",
    "PLAN": "PLANNED_STOP",
    "NONE": "NO_DATA",
    "BREAK": "EXCLUDED",
    "OFF": "NOT_SCHEDULED",
}
END = "; 11:53:24 RUN; 12:00 BREAK; 12:30 RUN; 13:12 EXT PALLET; 13:18:06 RUN; 13:51 PLAN CLEAN"
FILLING_2 = (
    "06:00 PLAN STARTUP; 06:08 RUN; 06:24:36 SMALL; 06:26:18 RUN; 06:51:12 DOWN JAM; 07:03:36 RUN; 07:32 SMALL;"
    "07:33:24 RUN; 07:58 SMALL; 07:59:54 RUN; 08:20:12 EXT BOTTLES; 08:27 RUN; 08:38 NONE; 08:42 RUN; 09:00 BREAK;"
    "09:15 RUN; 09:23:30 SMALL; 09:26:06 RUN; 09:58 PLAN PRODUCT*; 10:21:30 RUN; 10:49:18 DOWN; 11:00:12 RUN;"
    "11:12 SMALL; 11:13:54 RUN; 11:24:48 DOWN CAPFEED; 11:30 RUN; 11:35:36 DOWN" + END
)
CANNING_1 = (
    "06:00 PLAN STARTUP; 06:09 RUN; 07:12 SMALL; 07:14:12 RUN; 08:01 DOWN LID; 08:13:36 RUN; 09:00 BREAK; 09:15 RUN;"
    "10:22 SMALL; 10:24:18 RUN; 11:08:24 NONE"
)
PACKING_1 = (
    "06:00 EXT; 06:14 RUN; 06:51 EXT; 07:06:24 RUN; 07:40 SMALL; 07:41:12 RUN; 08:23 EXT; 08:32:12 RUN; 09:00 BREAK;"
    "09:15 RUN; 10:01 EXT; 10:25:30 RUN; 10:40 DOWN MOTOR; 10:43 RUN; 10:52:24 EXT; 11:04 RUN; 11:38 EXT"
)
FILLING_3 = "06:00 PLAN STARTUP; 06:07 RUN; 06:42 SMALL; 06:43 RUN; 09:00 BREAK; 09:15 RUN; 11:20 PLAN PRODUCT*"
PACKING_2 = (
    "06:00 PLAN STARTUP; 06:05 RUN; 06:30 SMALL; 06:35 RUN; 07:00 SMALL; 07:04 RUN; 07:40 SMALL; 07:45 RUN;"
    "08:10 SMALL; 08:15 RUN; 09:00 BREAK; 09:15 RUN; 09:40 SMALL; 09:44 RUN; 10:10 DOWN; 10:28 RUN; 10:50 SMALL;"
    "10:55 RUN; 11:22 SMALL; 11:27:12 RUN"
)
FILLING_1 = (
    "06:00 PLAN STARTUP; 06:05 RUN; 07:20 SMALL; 07:21 RUN; 08:15 DOWN SENSOR; 08:22 RUN; 09:00 BREAK; 09:15 RUN"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line: how its shift goes, its product, how far its pace falls behind the ideal one, its share of rejects."""

    name: str
    spec: str
    product: str
    pace_percent: int = 94
    reject_per_mille: int = 12


LINES = {
    "filling-1": Condition("Filling 1", FILLING_1, "WATER", 99, 5),
    "filling-2": Condition("Filling 2", FILLING_2, "ORANGE"),
    "filling-3": Condition("Filling 3", FILLING_3, "TEA", 96),
    "canning-1": Condition("Canning 1", CANNING_1, "COLA", 97),
    "packing-1": Condition("Packing 1", PACKING_1, "SIX"),
    "packing-2": Condition("Packing 2", PACKING_2, "SIX"),
}
PRODUCTS = {
    "WATER": ProductConfig("WATER", "Still water 1.5 L", Fraction(1, 2)),
    "ORANGE": ProductConfig("ORANGE", "Orange juice 1 L", Fraction(3, 4)),
    "TEA": ProductConfig("TEA", "Iced tea 1 L", Fraction(3, 5)),
    "COLA": ProductConfig("COLA", "Cola 0.33 L can", Fraction(1, 5)),
    "SIX": ProductConfig("SIX", "Orange juice 6-pack", Fraction(7, 2)),
}
REASONS = (
    ReasonConfig(
        "LABELLER", "Labeller", "unplanned_stop", children=(ReasonConfig("JAM", "Label jam", "unplanned_stop"),)
    ),
    ReasonConfig("CAPFEED", "Capper: cap feed jam", "unplanned_stop"),
    ReasonConfig("LID", "Seamer: lid feed", "unplanned_stop"),
    ReasonConfig("SENSOR", "Filler: level sensor", "unplanned_stop"),
    ReasonConfig("MOTOR", "Motor", "unplanned_stop"),
    ReasonConfig("BOTTLES", "No empty bottles", "external_stop"),
    ReasonConfig("PALLET", "Palletiser full", "external_stop"),
    ReasonConfig("STARTUP", "Start-up", "planned_stop"),
    ReasonConfig("CLEAN", "Run-down and cleaning", "planned_stop"),
    ReasonConfig("PRODUCT", "Change of product", "planned_stop", setup=True),
)


def at(text: str) -> int:
    """µs UTC of a local time such as ``2026-11-19T06:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * US_PER_S


NOW_US = at("2026-11-19T11:42:00")


def plant(lines: dict[str, Condition] | None = None, plant_name: str = "Beverage plant North") -> PlantConfig:
    """The plant file, as read."""
    targets = Targets(oee=0.85, availability=0.9, performance=0.95, quality=0.994)
    configs = {}
    for id_, condition in (LINES if lines is None else lines).items():
        machine = MachineConfig("m", id_, "Filler", condition.product, PRODUCTS[condition.product].ideal_cycle_s)
        configs[id_] = LineConfig(id_, condition.name, "default", Rollup("constraint", "m"), targets, {"m": machine})
    info = PlantInfo("north", plant_name, "Europe/Berlin", 360)
    return PlantConfig(1, info, {}, PRODUCTS, {}, configs, REASONS)


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

    def days(self, line: str, from_us: int, to_us: int, machine: str | None = None) -> list[ShiftResult]:
        raise NotImplementedError

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
