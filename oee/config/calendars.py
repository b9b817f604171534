"""Calendars of the plant file: shifts, week or rotation, dated exceptions, planned maintenance (S-30…S-33)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
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
from oee.config.overlaps import check_breaks, check_cycle, check_day, check_exceptions, check_teams
from oee.config.scalars import clock, clock_end, day, flag, moment, reference, text, whole
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
        check_teams(section, calendar)
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
        if not listed and not section.has_fault:
            section.fault(item, "has no days; list them, such as `days: [[early], [late], []]`")
        days = tuple(section.attempt(i, lambda i: _shift_names(i, shifts, section), ()) for i in listed)
        check_cycle(days, tuple(f"days[{n}]" for n in range(len(days))), shifts)
        offsets = {i.name: section.attempt(i, whole(least=0), None) for i in section.named("teams")}
    return Rotation(anchor, days, {team: offset for team, offset in offsets.items() if offset is not None})


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
            section.refuse(
                ("start", "end", "breaks", "cancelled"), "belongs to an exception with `shift`; name the shift"
            )
            return CalendarException(date_, name, closed, names)
        shift = section.take("shift", reference("shift", shifts), None)
        return _changed(section, CalendarException(date_, name, shift=shift), shifts, faults)


def _changed(section: Section, said: CalendarException, shifts: Shifts, faults: Faults) -> CalendarException:
    """Read what happens to one shift of a date: cancelled, at other times, with other breaks."""
    if section.get("cancelled"):
        section.refuse(("start", "end", "breaks"), "stands beside `cancelled: true`; keep one of the two")
        return replace(said, cancelled=section.take("cancelled", _only_true, False))
    listed = section.listed("breaks")
    usual = shifts.get(said.shift or "")
    start, end = (usual.start_min, usual.end_min) if usual else (0, 0)
    if section.get("start") or section.get("end"):
        start = section.need("start", clock, 0, 'start: "07:00"')
        end = section.need("end", clock_end, 0, 'end: "15:00"')
        said = replace(said, start_min=start, end_min=end)
    elif section.get("breaks") is None:
        section.fault(section.item, "does not say what happens; add `start` and `end`, `breaks`, or `cancelled: true`")
    if section.get("breaks") is None:
        return said
    breaks = tuple(_break(i, faults) for i in listed)
    if not section.has_fault:
        check_breaks(section, listed, ShiftPattern(said.shift or "", start, end, breaks))
    return replace(said, breaks=breaks)


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
