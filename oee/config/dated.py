"""What a calendar plans for one date: its pattern, the teams of a rotation, and the date's exceptions (S-33)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from oee.config.model import CalendarConfig, CalendarException, ShiftPattern

DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class DatedShift:
    """A shift as one date plans it; ``pattern`` carries that date's times and breaks.

    ``is_moved`` is True at times of its own, ``is_worked`` False where the pattern lists it and the date cancels it.
    """

    day: date
    pattern: ShiftPattern
    team: str | None = None
    is_moved: bool = False
    is_worked: bool = True

    @property
    def start_min(self) -> int:
        """Nominal start [local minutes since year 1]."""
        return self.day.toordinal() * DAY_MIN + self.pattern.start_min

    @property
    def end_min(self) -> int:
        """Nominal end on the same scale."""
        return self.start_min + length_min(self.pattern.start_min, self.pattern.end_min)


def length_min(start_min: int, end_min: int) -> int:
    """Return the nominal length of a shift; start = end means 24 h (S-30)."""
    return (end_min - start_min) % DAY_MIN or DAY_MIN


def pattern_of(calendar: CalendarConfig, day: date) -> tuple[DatedShift, ...]:
    """Shifts that week or rotation list on a date, exceptions aside.

    A team of a rotation works the day that lies its offset further on; without teams the rotation is worked as it is.
    """
    rotation = calendar.rotation
    if rotation is None:
        names = calendar.week[day.weekday()] if calendar.week is not None else ()
        return tuple(DatedShift(day, calendar.shifts[name]) for name in names)
    teams = rotation.teams.items() or [(None, 0)]
    if not rotation.days:
        return ()
    since = (day - rotation.anchor).days
    return tuple(
        DatedShift(day, calendar.shifts[name], team)
        for team, offset in teams
        for name in rotation.days[(since + offset) % len(rotation.days)]
    )


def dated(calendar: CalendarConfig, day: date) -> tuple[DatedShift, ...]:
    """Shifts of a date, exceptions applied: the worked ones, and those of the pattern that are not worked."""
    said = [e for e in calendar.exceptions if e.date == day]
    usual = pattern_of(calendar, day)
    if not said:
        return usual
    teams = {d.pattern.name: d.team for d in usual}
    working = _working(said, list(teams))
    changed = {e.shift: e for e in said if e.shift is not None and not e.cancelled}
    shifts = [DatedShift(day, calendar.shifts[name], teams.get(name)) for name in dict.fromkeys([*working, *teams])]
    return tuple(
        _as_changed(shift, changed.get(shift.pattern.name))
        if shift.pattern.name in working
        else replace(shift, is_worked=False)
        for shift in shifts
    )


def _working(said: list[CalendarException], usual: list[str]) -> list[str]:
    """Names worked on a date: its list, moved ones too, none of the cancelled; nothing on a closed date."""
    if any(e.closed for e in said):
        return []
    names = next((list(e.shifts) for e in said if e.shifts is not None), usual)
    moved = [e.shift for e in said if e.shift is not None and e.start_min is not None]
    cancelled = {e.shift for e in said if e.cancelled}
    return [name for name in dict.fromkeys([*names, *moved]) if name not in cancelled]


def _as_changed(shift: DatedShift, by: CalendarException | None) -> DatedShift:
    if by is None:
        return shift
    pattern = shift.pattern if by.breaks is None else replace(shift.pattern, breaks=by.breaks)
    if by.start_min is None or by.end_min is None:
        return replace(shift, pattern=pattern)
    return replace(shift, pattern=replace(pattern, start_min=by.start_min, end_min=by.end_min), is_moved=True)
