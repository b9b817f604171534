"""What people booked as scrap or rework of a machine, read once per context (S-10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oee.kernels.bookings import Booking
from oee.model import ShiftInstance
from oee.store.database import Session
from oee.store.entries import Entry, entries_of
from oee.store.instances import instances_in
from oee.store.master import Ids

REACH_US = 2 * 86_400_000_000
"""Longer than any instance: a booking lies no further from the parts that it takes."""


def bookings_around(
    conn: Session, ids: Ids, line: str, machine: str, span_us: tuple[int, int]
) -> list[tuple[Booking, ShiftInstance]]:
    """Bookings that hold of all instances that overlap a span, each with its instance; one query where there are none.

    All of a shift are read, since what one takes depends on those before it.
    """
    start_us, end_us = span_us[0] - REACH_US, span_us[1] + REACH_US
    machine_id = ids.machine(line, machine)
    entries = entries_of(conn, ["booking"], machine_id=machine_id, from_us=start_us, to_us=end_us)
    if not entries:
        return []
    shifts = [s.instance for s in instances_in(conn, line, ids.line(line), start_us - REACH_US, end_us + REACH_US)]
    found = ((e, home_of(e, shifts)) for e in entries)
    return [
        (booking_of(e, home), home)
        for e, home in found
        if home is not None and home.start_us < span_us[1] and home.end_us > span_us[0]
    ]


def home_of(entry: Entry, shifts: Sequence[ShiftInstance]) -> ShiftInstance | None:
    """The shift that made the parts: the one named, wherever it was moved; else the one at the booking's instant."""
    named = (s for s in shifts if (s.production_date, s.name) == (entry.said["date"], entry.said["shift"]))
    at_us = entry.from_us or 0
    there = (s for s in shifts if s.start_us <= at_us < s.end_us)
    return next(there if timed(entry) else named, None) or next(there, None)


def timed(entry: Entry) -> bool:
    """Whether a time was given; else the booking sits where its product was last made in the shift."""
    return entry.to_us is None


def booking_of(entry: Entry, home: ShiftInstance) -> Booking:
    """Read an entry."""
    said = entry.said
    return Booking(
        number=entry.number or 0,
        kind=said["kind"],
        at_us=(entry.from_us or 0) if timed(entry) else home.end_us,
        since_us=home.start_us,
        product=said["product"],
        count=said["count"],
        startup=said["startup"],
        why=" ".join(filter(None, [f"Booked by {entry.author}.", entry.why])),
        by_line=said.get("by_line", False),
    )


def reach_of(booked: Iterable[tuple[Booking, ShiftInstance]], span_us: tuple[int, int]) -> tuple[int, int]:
    """The span, widened to all parts that bookings may take."""
    found = [b for b, _ in booked]
    return min([span_us[0], *(b.since_us for b in found)]), max([span_us[1], *(b.at_us for b in found)])
