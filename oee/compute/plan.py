"""Shift instances in the database, a little ahead of the clock, for every line that has data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import structlog

from oee.calendar import OFF, instances, local_date, resolve
from oee.errors import ConfigError
from oee.model import ShiftInstance
from oee.store.database import Database, Session
from oee.store.instances import put_instances
from oee.store.master import ConfigRevision, Ids, Master
from oee.store.series import first_sample_us
from oee.store.times import FAR_US

_log = structlog.get_logger()

DAYS_AHEAD = 8
REACH = timedelta(days=3)
"""How far the handover from one calendar to the next reaches: by then the last shift that it found at work is over."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What the plan of a line was written from, and its last day."""

    config_id: int
    first: date
    first_us: int | None
    last: date


class Planner:
    """Keeps instances of all lines up to date; knows which days and configuration it has written."""

    def __init__(self, database: Database, master: Master) -> None:
        self._database, self._master = database, master
        self._written: dict[str, _Written] = {}
        self._refused: dict[str, _Written] = {}

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
        """Write what is missing: days from the line's first data on, and all days again once a configuration is new.

        A line whose shifts overlap is told once; nothing is written for it.

        Returns
        -------
        How many instances were written or compared.
        """
        configs = self._master.configs()
        with self._database.transaction() as conn:
            first_us = _first_data_us(conn, ids, line)
            zone = ZoneInfo(configs[-1].plant.plant.timezone)
            first = local_date(min(first_us or now_us, now_us), zone) - timedelta(days=1)
            last = local_date(now_us, zone) + timedelta(days=DAYS_AHEAD)
            # the first instant, too: older data of the same day bring shifts
            wanted = _Written(max(c.config_id for c in configs), first, first_us, last)
            known = self._written.get(line)
            if wanted in (known, self._refused.get(line)):
                return 0
            grown = known is not None and replace(known, last=last) == wanted and known.last < last
            since = _before_handovers(line, configs, known.last + timedelta(days=1)) if known and grown else first
            # Without data nothing is due: what a shift before the first data says must not depend on who ran when.
            due_us = FAR_US if first_us is None else first_us
            try:
                found = timeline(line, configs, max(since, first), last)
                put_instances(conn, line, ids.line(line), found, due_us)
            except (ValueError, ConfigError) as error:
                what = "a line's shifts can't be laid out; apply a calendar without this"
                _log.error(what, line=line, fault=str(error))
                self._refused[line] = wanted
                return 0
        self._written[line] = wanted
        return len(found)


def _first_data_us(conn: Session, ids: Ids, line: str) -> int | None:
    firsts = [first_sample_us(conn, number) for (of, _), number in ids.machines.items() if of == line]
    return min((f for f in firsts if f is not None), default=None)


def timeline(line: str, configs: tuple[ConfigRevision, ...], first: date, last: date) -> tuple[ShiftInstance, ...]:
    """Instances by the calendar in force; a later one rules from the first production day that starts after it.

    What a day holds does not depend on the range asked for.
    """
    having = [c for c in configs if line in c.plant.lines]
    since = _before_handovers(line, configs, first)
    over = sum(_first_whole_day(c) + REACH <= since for c in having[1:])
    found: list[ShiftInstance] = []
    ruling: ConfigRevision | None = None
    for n, config in enumerate(having[over:], over + 1):
        start = since if ruling is None else max(since, _first_whole_day(config))
        if start > last or (ruling is not None and _same_calendar(line, ruling, config)):
            continue
        calendar = config.plant.calendars[config.plant.lines[line].calendar]
        later = next((c for c in having[n:] if not _same_calendar(line, config, c)), None)
        end = last if later is None else min(last, _first_whole_day(later))
        ruling = config
        if start <= end:  # what a later calendar has overruled altogether need not fit together any more
            found = _handed_over(found, instances(line, calendar, config.plant.plant, start, end))
    return tuple(i for i in found if since == first or i.production_date >= first.isoformat())


def _before_handovers(line: str, configs: tuple[ConfigRevision, ...], first: date) -> date:
    """The last day up to the ``first`` from which a plan can be laid out without knowing the days before it."""
    for config in reversed([c for c in configs if line in c.plant.lines][1:]):
        day = _first_whole_day(config)
        if day + REACH > first:
            first = min(first, day - REACH)
    return first


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
