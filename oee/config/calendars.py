"""Calendars of the plant file: shifts, week or rotation, dated exceptions, planned maintenance (S-30…S-33)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from oee.config.faults import Faults, Refusal
from oee.config.model import (
    BreakPattern,
    CalendarConfig,
    CalendarException,
    MaintenanceWindow,
    Rotation,
    ShiftPattern,
)
from oee.config.overlaps import check_breaks, check_cycle, check_day, check_exceptions
from oee.config.reader import takes
from oee.config.scalars import clock, clock_end, day, flag, moment, reference, text
from oee.config.section import Item, Section, elements

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNREAD = datetime.fromisoformat("0001-01-01T00:00")  # stands in for a time at fault
Shifts = Mapping[str, ShiftPattern]


def read_calendar(item: Item, machines: Iterable[str], faults: Faults) -> CalendarConfig:
    """Read one calendar; `machines` are those of the lines that follow it, which its maintenance may name."""
    with Section(item, faults) as section:
        shifts = {i.name: _shift(i, faults) for i in section.named("shifts")}
        if not shifts:
            section.fault(item, 'has no shifts; add one, such as `shifts: {day: {start: "06:00", end: "14:00"}}`')
        week = section.take("week", lambda i: _week(i, shifts, faults), None)
        rotation = section.take("rotation", lambda i: _rotation(i, shifts, faults), None)
        _one_pattern(section)
        maintenance = tuple(_maintenance(i, machines, faults) for i in section.listed("maintenance"))
        listed = section.listed("exceptions")
        exceptions = tuple(_exception(i, shifts, faults) for i in listed)
        calendar = CalendarConfig(item.name, shifts, week, rotation, exceptions, maintenance)
        check_exceptions(section, listed, calendar)
    return calendar


def _shift(item: Item, faults: Faults) -> ShiftPattern:
    with Section(item, faults) as section:
        if item.name == "off":
            section.fault(item, "`off` names the time outside shifts; choose another name")
        start = section.need("start", clock, 0, 'start: "06:00"')
        end = section.need("end", clock_end, 0, 'end: "14:00"')
        listed = section.listed("breaks")
        breaks = tuple(_break(i, faults) for i in listed)
        shift = ShiftPattern(item.name, start, end, breaks)
        check_breaks(section, listed, shift)
    return shift


def _break(item: Item, faults: Faults) -> BreakPattern:
    with Section(item, faults) as section:
        start = section.need("start", clock, 0, 'start: "10:00"')
        end = section.need("end", clock_end, 0, 'end: "10:20"')
        return BreakPattern(section.take("name", text, "Break"), start, end)


def _shift_names(item: Item, shifts: Shifts, section: Section) -> tuple[str, ...]:
    """Read the shifts of one day: known, each once, none over another. A day at fault counts as empty."""
    known = reference("shift", shifts)
    names = tuple(section.attempt(i, known, "") for i in elements(item))
    if "" in names:
        return ()
    check_day(names, shifts)
    return names


def _week(item: Item, shifts: Shifts, faults: Faults) -> tuple[tuple[str, ...], ...]:
    with Section(item, faults) as section:
        days = tuple(section.take(d, lambda i: _shift_names(i, shifts, section), ()) for d in WEEKDAYS)
        check_cycle(days, WEEKDAYS, shifts)
    return days


def _rotation(item: Item, shifts: Shifts, faults: Faults) -> Rotation:
    with Section(item, faults) as section:
        anchor = section.need("anchor", day, date.min, "anchor: 2026-01-05")
        listed = section.need("days", elements, (), "days: [[early], [late], []]")
        days = tuple(section.attempt(i, lambda i: _shift_names(i, shifts, section), ()) for i in listed)
        check_cycle(days, tuple(f"days[{n}]" for n in range(len(days))), shifts)
    return Rotation(anchor, days)


def _one_pattern(section: Section) -> None:
    given = [item for key in ("week", "rotation") if (item := section.get(key))]
    if len(given) == 2:
        section.fault(given[1], "stands beside `week`; keep one of the two")
    elif not given:
        section.fault(section.item, "has neither `week` nor `rotation`; add one of the two")


def _exception(item: Item, shifts: Shifts, faults: Faults) -> CalendarException:
    with Section(item, faults) as section:
        date_ = section.need("date", day, date.min, "date: 2026-12-25")
        name = section.take("name", text, "")
        forms = [key for key in ("closed", "shifts", "shift") if section.get(key)]
        if len(forms) != 1:
            section.fault(item, "needs exactly one of `closed: true`, `shifts: […]` and `shift: NAME`")
        closed = section.take("closed", _only_true, False)
        names = section.take("shifts", lambda i: _shift_names(i, shifts, section), None)
        if section.get("shift") is None:
            section.refuse(("start", "end", "cancelled"), "belongs to an exception with `shift`; name the shift")
            return CalendarException(date_, name, closed, names)
        shift = section.take("shift", reference("shift", shifts), None)
        start, end, cancelled = _moved_or_cancelled(section)
    return CalendarException(date_, name, shift=shift, start_min=start, end_min=end, cancelled=cancelled)


def _moved_or_cancelled(section: Section) -> tuple[int | None, int | None, bool]:
    if section.get("cancelled"):
        section.refuse(("start", "end"), "stands beside `cancelled: true`; keep one of the two")
        return None, None, section.take("cancelled", _only_true, False)
    if section.get("start") is None and section.get("end") is None:
        section.fault(section.item, "does not say what happens; add `start` and `end`, or `cancelled: true`")
    start = section.need("start", clock, 0, 'start: "07:00"')
    return start, section.need("end", clock_end, 0, 'end: "15:00"'), False


@takes({"const": True})
def _only_true(item: Item) -> bool:
    if not flag(item):
        raise Refusal("false says nothing here; remove it")
    return True


def _maintenance(item: Item, machines: Iterable[str], faults: Faults) -> MaintenanceWindow:
    known = reference("machine", machines)
    with Section(item, faults) as section:
        start = section.need("start", moment, _UNREAD, "start: 2026-12-01T08:00")
        end = section.need("end", moment, _UNREAD, "end: 2026-12-01T10:00")
        if end <= start and not section.has_fault:
            section.fault(item, f"ends at {end:%Y-%m-%dT%H:%M}, not after its start; put `end` after `start`")
        named = tuple(section.attempt(i, known, "") for i in section.listed("machines"))
        return MaintenanceWindow(start, end, named, section.take("name", text, "Maintenance"))
