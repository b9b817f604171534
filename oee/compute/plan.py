"""Shift instances in the database, a little ahead of the clock, for every line that has data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import structlog

from oee.calendar import instances, local_date, resolve
from oee.model import ShiftInstance
from oee.store.database import Database, Session
from oee.store.instances import put_instances
from oee.store.master import ConfigRevision, Ids, Master
from oee.store.series import first_sample_us
from oee.store.times import FAR_US

_log = structlog.get_logger()
DAYS_AHEAD = 8


class Planner:
    """Keeps instances of all lines up to date; knows which days and configuration it has written."""

    def __init__(self, database: Database, master: Master) -> None:
        self._database, self._master = database, master
        self._written: dict[str, tuple[int, date, date, int | None]] = {}

    def ensure(self, now_us: int) -> None:
        """Write what is missing: days from a line's first data on, and all days again once a configuration is new.

        A line whose shifts overlap is told once; the others go on.
        """
        configs = self._master.configs()
        if not configs:
            return
        ids = self._master.ids()
        for line in configs[-1].plant.lines:
            with self._database.transaction() as conn:
                self._ensure_line(conn, ids, line, configs, now_us)

    def _ensure_line(
        self, conn: Session, ids: Ids, line: str, configs: tuple[ConfigRevision, ...], now_us: int
    ) -> None:
        firsts = [first_sample_us(conn, number) for (of, _), number in ids.machines.items() if of == line]
        first_us = min((f for f in firsts if f is not None), default=None)
        zone = ZoneInfo(configs[-1].plant.plant.timezone)
        first = local_date(min(first_us or now_us, now_us), zone) - timedelta(days=1)
        last = local_date(now_us, zone) + timedelta(days=DAYS_AHEAD)
        # the first instant, too: older data of the same day bring shifts
        wanted = (max(c.config_id for c in configs), first, last, first_us)
        if self._written.get(line) == wanted:
            return
        try:
            found = timeline(line, configs, first, last)
        except ValueError as error:
            _log.error("a line's shifts can't be laid out; apply a calendar without this", line=line, fault=str(error))
            self._written[line] = wanted
            return
        # Without data nothing is due: what a shift before the first data says must not depend on who ran when.
        put_instances(conn, line, ids.line(line), found, FAR_US if first_us is None else first_us)
        self._written[line] = wanted


def timeline(line: str, configs: tuple[ConfigRevision, ...], first: date, last: date) -> tuple[ShiftInstance, ...]:
    """Instances by the calendar in force; a later one rules from the first production day that starts after it."""
    having = [c for c in configs if line in c.plant.lines]
    found: list[ShiftInstance] = []
    for n, config in enumerate(having):
        start = first if n == 0 else max(first, _first_whole_day(config))
        if start > last or (found and _same_calendar(line, having[n - 1], config)):
            continue
        calendar = config.plant.calendars[config.plant.lines[line].calendar]
        later = next((c for c in having[n + 1 :] if not _same_calendar(line, config, c)), None)
        end = last if later is None else min(last, _first_whole_day(later))
        if start <= end:  # what a later calendar has overruled altogether need not fit together any more
            found = _handed_over(found, instances(line, calendar, config.plant.plant, start, end))
    return tuple(found)


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
    kept = [i for i in old if i.start_us < new[0].start_us]
    if not kept:
        return list(new)
    if not kept[-1].planned:
        kept[-1] = replace(kept[-1], end_us=new[0].start_us)
    join_us = kept[-1].end_us
    later = [_from(i, join_us) for i in new if i.end_us > join_us]
    if later and later[0].start_us > join_us:
        join = replace(kept[-1], name="off-join", start_us=join_us, end_us=later[0].start_us, planned=False, breaks=())
        later.insert(0, join)
    return kept + later


def _from(instance: ShiftInstance, start_us: int) -> ShiftInstance:
    """An instance less what lies before an instant, breaks too."""
    if instance.start_us >= start_us:
        return instance
    breaks = tuple((max(a, start_us), b, name) for a, b, name in instance.breaks if b > start_us)
    return replace(instance, start_us=start_us, breaks=breaks)
