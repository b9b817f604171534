"""Shift instances in the database, a little ahead of the clock, for every line that has data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import structlog

from oee.calendar import OFF, instances, local_date, resolve
from oee.config.model import CalendarConfig, PlantInfo
from oee.errors import ConfigError
from oee.model import ShiftInstance
from oee.store.database import Database, Session, fetch_one, run
from oee.store.instances import put_instances
from oee.store.master import ConfigRevision, Ids, Master
from oee.store.series import first_sample_us
from oee.store.times import FAR_US, to_us

_log = structlog.get_logger()

DAYS_AHEAD = 8
AROUND = timedelta(days=4)
"""How far the exception of a date reaches: a moved shift of 24 h clips its neighbours, and days begin after it."""
REACH = timedelta(days=3)
"""How far the handover from one calendar to the next reaches: by then the last shift that it found at work is over."""


Calendars = tuple[tuple[int, CalendarConfig, PlantInfo], ...]
"""Calendars of a line over time, neighbours that differ only, each from when it is in force [µs UTC]."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What the plan of a line was written from, and its last day."""

    calendars: Calendars
    first: date
    first_us: int | None
    last: date


class Planner:
    """Keeps instances of all lines up to date; knows which days it has written, by which calendars."""

    def __init__(self, database: Database, master: Master) -> None:
        self._database, self._master = database, master
        self._written: dict[str, _Written] = {}
        self._refused: dict[str, _Written] = {}
        self._configs: tuple[ConfigRevision, ...] = ()
        self._calendars: dict[str, Calendars] = {}

    def lines(self) -> list[str]:
        """Lines that need a plan: those of the newest configuration."""
        configs = self._master.configs()
        return list(configs[-1].plant.lines) if configs else []

    def ensure(self, now_us: int) -> None:
        """`ensure_line` for all lines."""
        ids = self._master.ids()
        for line in self.lines():
            self.ensure_line(ids, line, now_us)

    def ensure_line(self, ids: Ids, line: str, now_us: int) -> int:
        """Write what is missing: days from the line's first data on, and those again that a new calendar may change.

        A line whose shifts overlap is told once; nothing is written for it.

        Returns
        -------
        How many instances were written or compared.
        """
        with self._database.transaction() as conn:
            wanted = self._wanted(conn, ids, line, now_us)
            if wanted in (self._written.get(line), self._refused.get(line)):
                return 0
            run(conn, "master/share")  # nobody writes master data meanwhile, and what was written is known
            self._master.catch_up(conn, ids)
            wanted = self._wanted(conn, ids, line, now_us)
            first, last = _days(line, self._master.configs(), self._written.get(line), wanted)
            try:
                found = timeline(line, self._master.configs(), first, last)
                # Without data nothing is due: what a shift before the first data says must not depend on who ran when.
                put_instances(conn, line, ids.line(line), found, FAR_US if wanted.first_us is None else wanted.first_us)
            except (ValueError, ConfigError) as error:
                what = "a line's shifts can't be laid out; apply a calendar without this"
                _log.error(what, line=line, fault=str(error))
                self._refused[line] = wanted
                return 0
        self._written[line] = wanted
        return len(found)

    def _wanted(self, conn: Session, ids: Ids, line: str, now_us: int) -> _Written:
        """What the plan is to be written from; the first instant, too: older data of the same day bring shifts."""
        configs = self._master.configs()
        if configs is not self._configs:
            self._configs, self._calendars = configs, {}
        if line not in self._calendars:
            self._calendars[line] = tuple(
                (c.effective_us, c.plant.calendars[c.plant.lines[line].calendar], c.plant.plant)
                for c in _ruling(line, configs)
            )
        first_us = first_data_us(conn, ids, line)
        return _Written(self._calendars[line], *planned_days(configs, first_us, now_us))


def planned_days(
    configs: tuple[ConfigRevision, ...], first_us: int | None, now_us: int
) -> tuple[date, int | None, date]:
    """The first day of a line's plan, the instant of its first data as it was given, and the last day."""
    zone = ZoneInfo(configs[-1].plant.plant.timezone)
    first = local_date(min(first_us or now_us, now_us), zone) - timedelta(days=1)
    return first, first_us, local_date(now_us, zone) + timedelta(days=DAYS_AHEAD)


def _days(
    line: str, configs: tuple[ConfigRevision, ...], known: _Written | None, wanted: _Written
) -> tuple[date, date]:
    """Days that are to be laid out: those to come, those around new exceptions, or all where more is new."""
    if known is None or replace(known, calendars=wanted.calendars, last=wanted.last) != wanted:
        return wanted.first, wanted.last
    days = _excepted_otherwise(known.calendars, wanted.calendars)
    if days is None or wanted.last < known.last:
        return wanted.first, wanted.last
    coming = {_before_handovers(line, configs, known.last + timedelta(days=1)), wanted.last}
    span = {d for day in days for d in (day - AROUND, day + AROUND)} | (coming if wanted.last > known.last else set())
    return max(min(span, default=wanted.last), wanted.first), min(max(span, default=wanted.last), wanted.last)


def _excepted_otherwise(before: Calendars, after: Calendars) -> set[date] | None:
    """Dates of which calendars over time say otherwise; None where they differ in more than their exceptions."""
    if len(before) != len(after):
        return None
    days: set[date] = set()
    for (since, old, *of), (since_now, new, *of_now) in zip(before, after, strict=True):
        if (since, of, replace(old, exceptions=())) != (since_now, of_now, replace(new, exceptions=())):
            return None
        days |= {e.date for e in set(old.exceptions) ^ set(new.exceptions)}
    return days


def first_data_us(conn: Session, ids: Ids, line: str) -> int | None:
    """The first instant of which a line has samples, or facts that have outlived theirs (S-55) [µs UTC]."""
    firsts = [first_sample_us(conn, number) for (of, _), number in ids.machines.items() if of == line]
    told = fetch_one(conn, "facts/line_first", line_id=ids.line(line))
    firsts.append(None if told is None or told[0] is None else to_us(told[0]))
    return min((f for f in firsts if f is not None), default=None)


def timeline(line: str, configs: tuple[ConfigRevision, ...], first: date, last: date) -> tuple[ShiftInstance, ...]:
    """Instances by the calendar in force; a later one rules from the first production day that starts after it.

    What a day holds does not depend on the range asked for.
    """
    having = _ruling(line, configs)
    since = _before_handovers(line, configs, first)
    over = sum(_first_whole_day(c) + REACH <= since for c in having[1:])
    found: list[ShiftInstance] = []
    ruling: ConfigRevision | None = None
    for n, config in enumerate(having[over:], over + 1):
        start = since if ruling is None else max(since, _first_whole_day(config))
        if start > last:
            continue
        calendar = config.plant.calendars[config.plant.lines[line].calendar]
        later = having[n] if n < len(having) else None
        end = last if later is None else min(last, _first_whole_day(later))
        ruling = config
        if start <= end:  # what a later calendar has overruled altogether need not fit together any more
            found = _handed_over(found, instances(line, calendar, config.plant.plant, start, end))
    return tuple(i for i in found if since == first or i.production_date >= first.isoformat())


def _before_handovers(line: str, configs: tuple[ConfigRevision, ...], first: date) -> date:
    """The last day up to the ``first`` from which a plan can be laid out without knowing the days before it."""
    for config in reversed(_ruling(line, configs)[1:]):
        day = _first_whole_day(config)
        if day + REACH > first:
            first = min(first, day - REACH)
    return first


def _ruling(line: str, configs: tuple[ConfigRevision, ...]) -> list[ConfigRevision]:
    """Configurations that have a line, neighbours only that lay out its shifts otherwise."""
    found: list[ConfigRevision] = []
    for config in configs:
        if line in config.plant.lines and not (found and _same_calendar(line, found[-1], config)):
            found.append(config)
    return found


def _same_calendar(line: str, before: ConfigRevision, after: ConfigRevision) -> bool:
    """Whether two configurations lay out a line's shifts alike."""
    said = [(c.plant.calendars[c.plant.lines[line].calendar], c.plant.plant) for c in (before, after)]
    return said[0] == said[1]


def _first_whole_day(config: ConfigRevision) -> date:
    """The first production day that starts once a configuration is in force: what began is not rewritten."""
    plant = config.plant.plant
    zone = ZoneInfo(plant.timezone)
    day = local_date(config.effective_us, zone)
    return day if resolve(day, plant.day_start_min, zone) >= config.effective_us else day + timedelta(days=1)


def _handed_over(old: list[ShiftInstance], new: tuple[ShiftInstance, ...]) -> list[ShiftInstance]:
    """Old instances that begin before the new ones, then the new: what began is finished, no hole (S-34)."""
    kept = [i for i in old if new and i.start_us < new[0].start_us]
    if not kept:
        return list(new)
    if not kept[-1].planned:
        kept[-1] = replace(kept[-1], end_us=new[0].start_us)
    join_us = kept[-1].end_us
    later = [_from(i, join_us) for i in new if i.end_us > join_us]
    if later and later[0].start_us > join_us:
        join = replace(kept[-1], name="off-join", start_us=join_us, end_us=later[0].start_us, planned=False, breaks=())
        later.insert(0, join)
    return _told_apart(kept, later)


def _told_apart(kept: list[ShiftInstance], later: list[ShiftInstance]) -> list[ShiftInstance]:
    """Both, a later one numbered whose name its production day has had.

    With another start of the production day, or another zone, two shifts may share date and name: what began keeps it.
    """
    taken = {i.key for i in kept}
    out = list(kept)
    for i in later:
        stem, n = (i.name if i.planned or i.cancelled else OFF), 1
        while i.key in taken:
            n += 1
            i = replace(i, name=f"{stem}-{n}")  # noqa: PLW2901 - until it is free
        taken.add(i.key)
        out.append(i)
    return out


def _from(instance: ShiftInstance, start_us: int) -> ShiftInstance:
    """An instance less what lies before an instant, breaks too."""
    if instance.start_us >= start_us:
        return instance
    breaks = tuple((max(a, start_us), b, name) for a, b, name in instance.breaks if b > start_us)
    return replace(instance, start_us=start_us, breaks=breaks)
