"""Where scrap and rework are booked and bookings reversed: checked against the parts made, stored, the shift touched.

What is asked for and can't be is refused with `InputError`, one sentence that names the place and the mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from oee.compute.booking_words import BookingAsked, BookingTold, plain, told
from oee.compute.calculator import Context, Subject, subject
from oee.compute.reversals import reverse
from oee.compute.rolled import Look, whole
from oee.compute.service import clock_us
from oee.errors import InputError, NotFoundError
from oee.kernels.bookings import good_by_product
from oee.kernels.rollup import counters, pools
from oee.model import ShiftInstance
from oee.store.database import Database, fetch, fetch_one, run
from oee.store.entries import Entry, add_entry, lock_line_entries, one_entry
from oee.store.instances import StoredInstance, instance_named, instances_in
from oee.store.master import Master
from oee.store.results import touch
from oee.store.times import from_us


class BookingDesk:
    """Takes bookings over one database."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)

    def take(self, asked: BookingAsked, author: str, key: str | None = None) -> BookingTold:
        """Book or reverse, and have the shift that made the parts computed again (S-52).

        Parameters
        ----------
        key : names the request; the same author's same key books once and is answered alike.

        Raises
        ------
        InputError
            It can't be booked; `AlreadyReversed` where it was reversed before.
        """
        self._master.configs()
        ids = self._master.ids()
        with self._database.transaction() as conn:
            if key is not None:
                run(conn, "entries/lock_key", author=author, key=key)
            look = Look(conn, self._master, self._master.catch_up(conn, ids), self._now_us())
            known = fetch_one(conn, "entries/keyed", author=author, key=key) if key is not None else None
            if known is not None:
                return _again(look, known[0], asked)
            try:
                take = reverse if asked.kind == "reversal" else _book
                return take(look, asked, author, {"key": key, "asked": plain(asked)} if key is not None else {})
            except NotFoundError as error:  # it stands in the body: nothing is amiss with the address
                raise InputError(str(error)) from error

    def listed(self, line: str, from_us_: int, to_us_: int) -> list[BookingTold]:
        """Bookings of a line in a range, the reversed ones too, oldest first."""
        self._master.configs()
        line_id = self._master.ids().line(line)
        span = {"from": from_us(from_us_), "to": from_us(to_us_)}
        with self._database.snapshot() as conn:
            rows = fetch(conn, "entries/bookings", line_id=line_id, **span)
            return [replace(told(one_entry(conn, number)[0]), reversed_by=by) for number, by in rows]


def _again(look: Look, number: int, asked: BookingAsked) -> BookingTold:
    entry, _ = one_entry(look.conn, number)
    if entry.said["asked"] != plain(asked):
        raise InputError(f"this Idempotency-Key stands for entry {number}, which says something else; use a new key")
    return told(entry)


def _book(look: Look, asked: BookingAsked, author: str, marks: Mapping[str, Any]) -> BookingTold:
    assert asked.line is not None
    assert asked.count is not None
    line_id = look.ids.line(asked.line)
    lock_line_entries(look.conn, line_id)
    home, at_us = _home(look, asked.line, asked)
    shift = home.instance
    if not touch(look.conn, line_id, shift.start_us, shift.start_us + 1, f"{asked.kind} booked", author):
        raise InputError(f"line {asked.line!r} has no data of shift {shift.name} of {shift.production_date}")
    ctx, good = _made(look, asked.line, asked, shift, at_us)
    product = _product(asked, good, shift)
    if asked.count > good[product]:
        of = f" of {product}" if product is not None else ""
        what = f"{good[product]} good parts{of} of shift {shift.name} of {shift.production_date} are left by then"
        raise InputError(f"count: {asked.count} are more than was made: {what} on {ctx.who.source.id}")
    said = {
        "kind": asked.kind,
        "line": asked.line,
        "machine": ctx.who.source.id,
        "date": shift.production_date,
        "shift": shift.name,
        "at_us": asked.ts_us if asked.ts_us is not None else _last_made_us(ctx, shift, product),
        "timed": asked.ts_us is not None,
        "product": product,
        "count": asked.count,
        "startup": asked.startup,
        "by_line": asked.machine is None,
        **marks,
    }
    entry = Entry(
        "booking",
        said,
        author,
        look.now_us,
        line_id,
        look.ids.machine(asked.line, ctx.who.source.id),
        shift.start_us if asked.ts_us is None else asked.ts_us,
        shift.end_us if asked.ts_us is None else None,
        why=asked.reason,
    )
    return told(replace(entry, number=add_entry(look.conn, entry)))


def _home(look: Look, line: str, asked: BookingAsked) -> tuple[StoredInstance, int]:
    """The instance that made the parts, and up to when they were made [µs]."""
    line_id = look.ids.line(line)
    if asked.ts_us is not None:
        found = instances_in(look.conn, line, line_id, asked.ts_us, asked.ts_us + 1)
        if asked.ts_us > look.now_us or not found:
            when = "lies ahead" if asked.ts_us > look.now_us else "is before all data"
            raise InputError(f"ts: this instant {when}; name one at which line {line!r} was made to work")
        return found[0], asked.ts_us
    assert asked.date is not None
    assert asked.shift is not None
    try:
        day = date.fromisoformat(asked.date).isoformat()
    except ValueError:
        raise InputError(f"date: {asked.date!r} is no date; write it as 2026-11-19") from None
    named = instance_named(look.conn, line, line_id, day, asked.shift)
    if named is None:
        raise InputError(f"shift: line {line!r} has no shift {asked.shift!r} on {day}")
    if named.instance.start_us >= look.now_us:
        raise InputError(f"shift: {asked.shift} of {day} has not started yet")
    return named, named.instance.end_us


def _made(
    look: Look, line: str, asked: BookingAsked, shift: ShiftInstance, at_us: int
) -> tuple[Context, dict[str | None, int]]:
    """The machine that made the parts, settled over the shift, and its good parts left by product.

    Without a machine named they are seen as the line sees them: of what its constraint made (S-40).
    """
    who = subject(look.master, line, asked.machine, shift.start_us)
    seen = whole(look, who, _span(shift, look.now_us), (at_us,)).contexts
    found = {}
    for machine in _machines(who):
        ctx = seen[machine]
        found[machine] = ctx, good_by_product(ctx.settled.cells, shift.start_us, at_us, ctx.rules.product)
    having = [m for m, (_, good) in found.items() if (asked.product in good if asked.product is not None else good)]
    if len(found) > 1 and len(having) != 1:
        raise InputError(f"machine: line {line!r} sums parallel machines; name the one of {', '.join(found)}")
    ctx, good = found[having[0] if having else next(iter(found))]
    if not ctx.rules.quality_known:
        named = f"{line}/{ctx.who.source.id}"
        raise InputError(f"machine: {named} has `reject_source: none`, so its quality is unknown; make it `booked`")
    return ctx, good


def _span(shift: ShiftInstance, now_us: int) -> tuple[int, int]:
    return shift.start_us, max(min(shift.end_us, now_us), shift.start_us)


def _machines(who: Subject) -> tuple[str, ...]:
    """The machine named, else the one that counts the line's good parts; of parallel machines all."""
    if who.machine is not None:
        return (who.machine,)
    return tuple(who.line.machines) if pools(who.line.rollup) else (counters(who.line.rollup)[1],)


def _product(asked: BookingAsked, good: Mapping[str | None, int], shift: ShiftInstance) -> str | None:
    """Whose parts: the product named, else the only one that was made."""
    when = f"shift {shift.name} of {shift.production_date}"
    if asked.product is not None and asked.product not in good:
        made = ", ".join(p for p in good if p is not None) or "nothing"
        raise InputError(f"product: {asked.product!r} was not made in {when} by then; made was: {made}")
    if asked.product is not None:
        return asked.product
    if not good:
        raise InputError(f"count: {asked.count} are more than was made: nothing was made in {when} by then")
    if len(good) > 1:
        names = ", ".join(sorted(p or "parts without a product" for p in good))
        raise InputError(f"product: name one, since several were made in {when}: {names}")
    return next(iter(good))


def _last_made_us(ctx: Context, shift: ShiftInstance, product: str | None) -> int:
    """The last instant at which a product was made in a shift [µs]."""
    ends = [
        c.end_us
        for c in ctx.settled.cells
        if shift.start_us <= c.start_us < shift.end_us and (c.product or ctx.rules.product) == product
    ]
    return max(ends, default=shift.start_us)
