"""Shift instances in the database, a little ahead of the clock, for every line that has data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from oee.calendar import instances, local_date, resolve
from oee.errors import ConfigError
from oee.model import ShiftInstance
from oee.store.database import Database, Session
from oee.store.instances import put_instances
from oee.store.master import ConfigRevision, Ids, Master
from oee.store.series import first_sample_us

DAYS_AHEAD = 8


class Planner:
    """Keeps instances of all lines up to date; knows which days and configuration it has written."""

    def __init__(self, database: Database, master: Master) -> None:
        self._database, self._master = database, master
        self._written: dict[str, tuple[int, date, date]] = {}

    def ensure(self, now_us: int) -> None:
        """Write what is missing: days from a line's first data on, and all days again once a configuration is new.

        Raises
        ------
        ConfigError
            Shifts of a calendar overlap.
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
        wanted = (max(c.config_id for c in configs), first, last)
        if self._written.get(line) == wanted:
            return
        try:
            found = timeline(line, configs, first, last)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        put_instances(conn, line, ids.line(line), found, first_us if first_us is not None else now_us)
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
        found = _handed_over(found, instances(line, calendar, config.plant.plant, start, last))
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
