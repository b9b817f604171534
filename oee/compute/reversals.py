"""Which booking a reversal undoes, and its entry (S-10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oee.compute.booking_words import AlreadyReversed, BookingAsked, BookingTold, told
from oee.compute.rolled import Look
from oee.errors import InputError
from oee.model import ShiftInstance
from oee.store.entries import Entry, add_entry, booking_with, lock_line_entries, one_entry
from oee.store.instances import instance_named, instances_in
from oee.store.results import touch


def reverse(look: Look, asked: BookingAsked, author: str, marks: Mapping[str, Any]) -> BookingTold:
    """Undo the booking that is meant, and touch its shift.

    Parameters
    ----------
    marks : what the entry remembers of the request itself.

    Raises
    ------
    InputError
        No such booking; `AlreadyReversed` where it was undone before.
    """
    booked = _named(look, asked) if asked.booking is not None else _matching(look, asked)
    said, line_id = booked.said, look.ids.line(booked.said["line"])
    shift = _home(look, booked, line_id)
    if shift is not None:
        touch(look.conn, line_id, shift.start_us, shift.start_us + 1, "booking reversed", author)
    entry = Entry(
        "undo",
        {**{name: said[name] for name in said if name not in ("key", "asked")}, **marks},
        author,
        look.now_us,
        line_id,
        booked.machine_id,
        booked.from_us,
        booked.to_us,
        undoes=booked.number,
        why=asked.reason,
    )
    return told(replace(entry, number=add_entry(look.conn, entry)))


def _home(look: Look, booked: Entry, line_id: int) -> ShiftInstance | None:
    """The shift that made the parts, as the calendar has it now."""
    said = booked.said
    at_us = booked.from_us or 0
    near = instances_in(look.conn, said["line"], line_id, at_us, at_us + 1)
    named = None if said["timed"] else instance_named(look.conn, said["line"], line_id, said["date"], said["shift"])
    found = named or next(iter(near), None)
    return found.instance if found else None


def _named(look: Look, asked: BookingAsked) -> Entry:
    assert asked.booking is not None
    entry, _ = one_entry(look.conn, asked.booking)
    if entry.kind != "booking":
        raise InputError(f"booking: entry {asked.booking} is no booking")
    lock_line_entries(look.conn, look.ids.line(entry.said["line"]))
    if not one_entry(look.conn, asked.booking)[1]:
        raise AlreadyReversed(f"booking {asked.booking} was reversed already")
    if not _words(asked).items() <= entry.said.items():
        raise InputError(f"booking: {asked.booking} says something else than this reversal; give its id alone")
    return entry


def _matching(look: Look, asked: BookingAsked) -> Entry:
    """The newest booking that holds and was made with the same words."""
    assert asked.line is not None
    line_id = look.ids.line(asked.line)
    lock_line_entries(look.conn, line_id)
    number = booking_with(look.conn, line_id, _words(asked))
    if number is None:
        raise InputError(f"no booking of line {asked.line!r} that holds says this; name its id in `booking`")
    return one_entry(look.conn, number)[0]


def _words(asked: BookingAsked) -> dict[str, Any]:
    """What a reversal says of its booking, as the booking's entry says it."""
    wanted = {
        "line": asked.line,
        "machine": asked.machine,
        "at_us": asked.ts_us,
        "date": asked.date,
        "shift": asked.shift,
        "product": asked.product,
        "count": asked.count,
        "timed": asked.ts_us is not None if asked.ts_us is not None or asked.date or asked.shift else None,
    }
    return {name: said for name, said in wanted.items() if said is not None}
