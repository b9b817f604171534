"""Undo of entries that are not about stops: order events and bookings; and where the rest is taken back (S-51)."""

from __future__ import annotations

from collections.abc import Mapping

from oee.compute.booking_desk import BookingDesk
from oee.compute.booking_words import AlreadyReversed, BookingAsked
from oee.compute.orders import undo_event
from oee.corrections import Correction
from oee.errors import InputError
from oee.model import ShiftInstance
from oee.store.database import Database
from oee.store.entries import Entry, Kind, one_entry
from oee.store.orders import lock_orders

NOTHING_NEW = Correction(None, (), ())
ELSEWHERE: Mapping[Kind, str] = {
    "exception": "take it back by DELETE /api/v1/calendars/{name}/exceptions/{date}",
    "targets": "write the targets that are to hold by PUT /api/v1/lines/{name}/targets",
    "product": "write the product as it is to be by PUT /api/v1/products/{name}",
    "order": "write the order as it is to be by PUT /api/v1/orders/{order}",
    "undo": "enter anew what entry {undoes} said",
}


def undo_reversible(database: Database, entry: Entry, why: str | None, author: str, now_us: int) -> Correction:
    """Undo an order's event or a booking; one that is undone already makes no entry.

    Raises
    ------
    InputError
        An entry of another kind: where it is taken back.
    """
    if entry.kind == "order_event":
        return _undo_event(database, entry, why, author, now_us)
    if entry.kind == "booking":
        return _reverse(BookingDesk(database, lambda: now_us), entry, why, author)
    where = ELSEWHERE[entry.kind].format(undoes=entry.undoes, **entry.said)
    raise InputError(f"entry {entry.number} ({entry.kind}) is not undone here; {where}")


def _undo_event(database: Database, entry: Entry, why: str | None, author: str, now_us: int) -> Correction:
    assert entry.line_id is not None
    assert entry.number is not None
    with database.transaction() as conn:
        lock_orders(conn, entry.line_id)
        if not one_entry(conn, entry.number)[1]:
            return NOTHING_NEW
        return Correction(undo_event(conn, entry, author, now_us, why), (), ())


def _reverse(desk: BookingDesk, entry: Entry, why: str | None, author: str) -> Correction:
    try:
        told = desk.take(BookingAsked("reversal", booking=entry.number, reason=why), author)
    except AlreadyReversed:
        return NOTHING_NEW
    said, start_us = entry.said, entry.from_us or 0
    shift = ShiftInstance(said["line"], said["date"], said["shift"], start_us, entry.to_us or start_us)
    return Correction(told.number, (), (shift,))
