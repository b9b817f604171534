"""Shift instances as a table of text, for ``oee shifts``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from oee.calendar import exceptions_of
from oee.config.model import CalendarConfig, PlantInfo
from oee.model import US_PER_S, ShiftInstance
from oee.report.kpi import local_iso

HEAD = ("date", "shift", "team", "start", "end", "length", "breaks", "")


def shift_table(instances: Sequence[ShiftInstance], calendar: CalendarConfig, plant: PlantInfo) -> list[str]:
    """Lines of the table, its head first: times local with their offset, lengths as they are on DST nights.

    Parameters
    ----------
    calendar : names the exceptions of the dates.
    """
    zone = ZoneInfo(plant.timezone)
    rows = [HEAD, *(_row(i, calendar, plant, zone) for i in instances)]
    used = [n for n, name in enumerate(HEAD) if any(row[n] for row in rows[1:]) or name in HEAD[:2]]
    widths = {n: max(len(row[n]) for row in rows) for n in used}
    return ["  ".join(row[n].ljust(widths[n]) for n in used).rstrip() for row in rows]


def _row(i: ShiftInstance, calendar: CalendarConfig, plant: PlantInfo, zone: ZoneInfo) -> tuple[str, ...]:
    length = f"{(i.end_us - i.start_us) / US_PER_S / 3600:.2f} h"
    breaks = ", ".join(f"{_local(a, zone):%H:%M}–{_local(b, zone):%H:%M}" for a, b, _ in i.breaks)
    notes = ", ".join(_notes(i, calendar, plant))
    span = local_iso(i.start_us, zone), local_iso(i.end_us, zone)
    return i.production_date, i.name, i.team or "", *span, length, breaks, notes


def _notes(i: ShiftInstance, calendar: CalendarConfig, plant: PlantInfo) -> Iterator[str]:
    """What is unusual: cancelled or moved, and what the calendar calls it."""
    said = exceptions_of(calendar, plant, i)
    if i.cancelled:
        yield "cancelled"
    elif any(e.shift is not None and e.start_min is not None for e in said):
        yield "moved"
    elif not i.planned:
        yield "not scheduled"
    for e in said:
        if e.name and (i.planned or i.cancelled or e.closed):
            yield e.name


def _local(us: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(us // US_PER_S, tz=zone)
