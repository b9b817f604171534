"""What happens once in the demo's first fortnight, and its calendars: all dates follow the day on which it begins.

====  ========  ======================================================================================
day   line      what
====  ========  ======================================================================================
3     filling   the bad night: jams, scrap, and the filler's gearbox for two and a half hours
5     filling   planned maintenance, 08:00 to 10:00
9     filling   the filler's PLC restarts in mid-shift: its counters begin again at 0
11    packing   the wrapper's sensors are dead for an hour: no data
1+    press     an eager crew begins ten minutes before its shift
1+    press     an extra shift on the first Sunday
2+    press     five minutes in the panel's service menu, whose state no map knows
7+    press     a closed day: stocktaking
7+    press     the Saturday shift is moved by an hour
====  ========  ======================================================================================

Day 0 is the local date of the beginning; ``n+`` is the first fitting day from day n on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from simulators.calendar import Conduct, Crew, DayException, Maintenance, Shift, WorkCalendar, local_date, utc_us
from simulators.packml import Fault
from simulators.spec import Incident, StopKind, StopSpec

ZONE: Final = ZoneInfo("Europe/Berlin")
SATURDAY, SUNDAY = 5, 6
BREAKDOWN_S = 9000.0
_BAD_NIGHT = Crew(slow=1.03, trouble=2.5, scrap=3.0)
_EARLY = Shift("early", time(6), time(14), time(10), 20)
_LATE = Shift("late", time(14), time(22), time(18), 30, Crew(1.01, 1.1, 1.1))
_NIGHT = Shift("night", time(22), time(6), time(2), 30, Crew(1.03, 1.4, 1.4))
_CREWS = (Crew(), Crew(1.02, 1.3, 1.2), Crew(1.0, 0.8, 0.9))


@dataclass(frozen=True, slots=True)
class Events:
    """The dates of all that comes once, from the local date of the beginning."""

    day_0: date

    @classmethod
    def after(cls, start_us: int) -> Self:
        """Return the events of a demo that begins at `start_us` [µs UTC]."""
        return cls(local_date(start_us, ZONE))

    def day(self, n: int, fits: Callable[[date], bool] = lambda _: True) -> date:
        """Return the first fitting day from day n on."""
        days = (self.day_0 + timedelta(days=k) for k in range(n, n + 8))
        return next(day for day in days if fits(day))

    @property
    def filling(self) -> Conduct:
        """The bad night."""
        return Conduct(shifts={(self.day(3), "night"): _BAD_NIGHT})

    @property
    def press(self) -> Conduct:
        """The eager crew."""
        return Conduct(early_min={self.day(1, _is_workday): 10})

    @property
    def packing(self) -> Conduct:
        """Nothing against the plan."""
        return Conduct()

    @property
    def service(self) -> tuple[Incident, ...]:
        """The planned maintenance as the machines see it: a little shorter than planned."""
        stop = StopSpec(StopKind.CLEANING, 1, 6600, 7000, Fault.CLEANING)
        return (Incident(_us(self.day(5), 8), stop),)

    @property
    def breakdown_and_service(self) -> tuple[Incident, ...]:
        """The filler's: the gearbox in the bad night, the maintenance, the restart of its PLC."""
        gearbox = StopSpec(StopKind.FAULT, 1, BREAKDOWN_S, BREAKDOWN_S, Fault.MECHANICAL)
        restart = StopSpec(StopKind.ABORT, 1, 200, 280, Fault.MECHANICAL)
        first, last = Incident(_us(self.day(3), 23, 5), gearbox), Incident(_us(self.day(9), 11, 16), restart)
        return (first, *self.service, last)

    @property
    def counter_resets_us(self) -> tuple[int, ...]:
        """When the filler's counters fall to 0: while its PLC restarts."""
        return (_us(self.day(9), 11, 18),)

    @property
    def outages_us(self) -> tuple[tuple[int, int], ...]:
        """The wrapper's dead hour."""
        return ((_us(self.day(11), 15, 5), _us(self.day(11), 16, 5)),)

    @property
    def service_menu(self) -> tuple[Incident, ...]:
        """The press in a state that its map does not know."""
        at_us = _us(self.day(2, _is_workday), 15, 30)
        return (Incident(at_us, StopSpec(StopKind.MENU, 1, 300, 330, Fault.NONE)),)


def filling_calendar(events: Events) -> WorkCalendar:
    """Three shifts on every day, so that the demo is live whenever it starts."""
    day = events.day(5)
    machines = ("filler", "capper", "labeller")
    service = Maintenance(datetime.combine(day, time(8)), datetime.combine(day, time(10)), machines, "Service")
    week = (("early", "late", "night"),) * 7
    return WorkCalendar("default", ZONE, (_EARLY, _LATE, _NIGHT), week, _CREWS, maintenance=(service,))


def press_calendar(events: Events) -> WorkCalendar:
    """Two shifts on weekdays, one on Saturdays; a closed day, an extra shift and a moved one."""
    week = (("early", "late"),) * 5 + (("early",), ())
    saturday = events.day(7, lambda day: day.weekday() == SATURDAY)
    sunday = events.day(1, lambda day: day.weekday() == SUNDAY)
    exceptions = (
        DayException(sunday, "Extra shift", ("early",)),
        DayException(events.day(7, _is_workday), "Stocktaking"),
        DayException(saturday, "Late delivery", moved=("early", time(7), time(15))),
    )
    return WorkCalendar("press", ZONE, (_EARLY, _LATE), week, _CREWS, exceptions)


def _is_workday(day: date) -> bool:
    return day.weekday() < SATURDAY


def _us(day: date, hour: int, minute: int = 0) -> int:
    return utc_us(datetime.combine(day, time(hour, minute)), ZONE)
