"""Bookings as they are asked for and told (S-10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oee.errors import InputError
from oee.store.entries import Entry


class AlreadyReversed(InputError):
    """The booking was reversed before."""


@dataclass(frozen=True, slots=True)
class BookingAsked:
    """A booking as it is asked for; a time, or the date and name of a shift.

    ``kind`` is scrap, rework or reversal. A reversal names its ``booking``, or has what it was booked with.
    """

    kind: str
    line: str | None = None
    machine: str | None = None
    ts_us: int | None = None
    date: str | None = None
    shift: str | None = None
    product: str | None = None
    count: int | None = None
    reason: str | None = None
    startup: bool = False
    booking: int | None = None


@dataclass(frozen=True, slots=True)
class BookingTold:
    """A booking or reversal as it stands; ``said`` is what was booked, ``reversed_by`` the entry that undid it."""

    number: int
    kind: str
    said: Mapping[str, Any]
    author: str
    entered_us: int
    reason: str | None
    booking: int | None = None
    reversed_by: int | None = None


def plain(asked: BookingAsked) -> dict[str, Any]:
    """What was asked for as plain JSON."""
    return {name: getattr(asked, name) for name in asked.__slots__}


def told(entry: Entry) -> BookingTold:
    """Read an entry, a booking or the reversal of one."""
    said, number = entry.said, entry.number or 0
    kind = "reversal" if entry.undoes is not None else said["kind"]
    return BookingTold(number, kind, said, entry.author, entry.entered_us, entry.why, entry.undoes)
