"""Local wall-clock times ↔ UTC instants; weeks, months and clock hours. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def resolve(day: date, minute: int, zone: ZoneInfo) -> int:
    """UTC µs of a local wall-clock time (S-31).

    Parameters
    ----------
    day : local date.
    minute : minutes after its midnight, may pass 1440.
    zone : IANA zone. A time that does not exist moves forward by the gap, an ambiguous one is its first occurrence:
        both are what ``fold=0`` means.
    """
    carried = day + timedelta(days=minute // MINUTES_A_DAY)
    clock = time(minute % MINUTES_A_DAY // 60, minute % 60)
    return to_us(datetime.combine(carried, clock, tzinfo=zone))


def to_us(moment: datetime) -> int:
    """Integer µs since the epoch of an aware datetime, without a detour through floats."""
    delta = moment.astimezone(UTC) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def local_date(us: int, zone: ZoneInfo) -> date:
    """Local date of an instant [µs UTC]."""
    return datetime.fromtimestamp(us // 1_000_000, tz=zone).date()


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether a date is lived in a zone: Samoa went from 29 to 31 December 2011."""
    return local_date(resolve(day, 0, zone), zone) == day


def week_of(production_date: date) -> tuple[date, date]:
    """First and last production day of the ISO week, Monday first, that holds a production day (S-41)."""
    monday = production_date - timedelta(days=production_date.weekday())
    return monday, monday + timedelta(days=6)


def month_of(production_date: date) -> tuple[date, date]:
    """First and last production day of the calendar month that holds a production day (S-41)."""
    first = production_date.replace(day=1)
    return first, first + timedelta(days=monthrange(first.year, first.month)[1] - 1)


def clock_hours(start_us: int, end_us: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Local clock hours clipped to ``[start, end)`` (S-36); zones with half-hour offsets keep their own full hours."""
    hours = []
    cursor = start_us
    while cursor < end_us:
        local = datetime.fromtimestamp(cursor // 1_000_000, tz=zone)
        offset = local.utcoffset() or timedelta()
        offset_us = int(offset.total_seconds()) * 1_000_000
        nxt = ((cursor + offset_us) // 3_600_000_000 + 1) * 3_600_000_000 - offset_us
        hours.append((cursor, min(nxt, end_us)))
        cursor = nxt
    return hours
