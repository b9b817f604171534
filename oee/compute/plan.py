"""Shift instances in the database, a little ahead of the clock, for every line that has data."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from oee.calendar import instances, local_date
from oee.errors import ConfigError
from oee.model import ShiftInstance
from oee.store.database import Database, Session
from oee.store.instances import put_instances
from oee.store.master import ConfigRevision, Ids, Master
from oee.store.samples import first_sample_us

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
        put_instances(conn, ids.line(line), found, first_us if first_us is not None else now_us)
        self._written[line] = wanted


def timeline(line: str, configs: tuple[ConfigRevision, ...], first: date, last: date) -> tuple[ShiftInstance, ...]:
    """Instances by the calendar in force on each production day: a later one rules from its first whole day."""
    found: list[ShiftInstance] = []
    for n, config in enumerate(configs):
        if line not in config.plant.lines:
            continue
        zone = ZoneInfo(config.plant.plant.timezone)
        start = first if n == 0 else max(first, local_date(config.effective_us, zone))
        calendar = config.plant.calendars[config.plant.lines[line].calendar]
        if start > last:
            continue
        fresh = instances(line, calendar, config.plant.plant, start, last)
        found = [i for i in found if i.end_us <= fresh[0].start_us] + list(fresh)
    return tuple(found)
