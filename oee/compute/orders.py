"""Orders by the API: written, started, paused and finished; what the figures follow of them (S-12, S-25, S-51)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from oee.compute.service import again, clock_us
from oee.config.faults import suggestion
from oee.config.model import LineConfig, PlantConfig
from oee.errors import ConflictError, InputError, NotFoundError
from oee.kernels.orders import EventKind, InForce, OrderEvent, Status, in_force, in_force_at
from oee.kernels.rollup import counters, pools
from oee.model import US_PER_S
from oee.store.database import Database, Session
from oee.store.entries import Entry, add_entry
from oee.store.master import Ids, Master
from oee.store.orders import Order, find_orders, line_events, lock_orders, made_count, mark_event, order_events
from oee.store.times import from_us

AHEAD_US = 60 * US_PER_S
"""How far the clock of an order system may be ahead of ours."""
WORDS: dict[EventKind, str] = {"start": "started", "pause": "paused", "finish": "finished"}
MOST = 1000


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order with what became of it; ``made_count`` None where it was not asked for."""

    order: Order
    status: Status
    events: tuple[OrderEvent, ...]
    made_count: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """The plant now, and the numbers of its parts; asked for before a transaction, which must not wait for another."""

    plant: PlantConfig
    ids: Ids


class OrderDesk:
    """What people and order systems do with orders, over one database."""

    def __init__(self, database: Database, now_us: Callable[[], int] = clock_us) -> None:
        self._database, self._now_us = database, now_us
        self._master = Master(database)

    def put(self, order: Order, author: str) -> OrderState:
        """Write an order; the same again changes nothing.

        Raises
        ------
        InputError
            The plant has no such line, machine or product.
        ConflictError
            It has begun, and another line, machine or product is named.
        """
        return again(partial(self._put, order, author))

    def say(
        self, order: str, kind: EventKind, author: str, *, at_us: int | None, line: str | None, machine: str | None
    ) -> tuple[OrderState, int]:
        """Start, pause or finish an order; the same again answers the same entry.

        Parameters
        ----------
        at_us : when [µs UTC], in the past too; None is now.
        line, machine : of which; None are the order's own, all machines where it names none.

        Returns
        -------
        The order as it stands now, and the number of the entry.
        """
        return again(partial(self._say, order, kind, author, at_us, line, machine))

    def one(self, order: str) -> OrderState:
        """One order with the pieces made of it.

        Raises
        ------
        NotFoundError
            Nobody wrote such an order.
        """
        known = self._known()
        with self._database.snapshot() as conn:
            state = _state(conn, known, _order(conn, order))
            if not state.events:
                return replace(state, made_count=0)
            machines = _counting(known.plant, state.order)
            return replace(state, made_count=made_count(conn, state.order, machines, state.events[0].at_us))

    def all(self, line: str | None, status: Status | None, limit: int) -> list[OrderState]:
        """Orders, the last written first; of one line or status where named (of the last thousand)."""
        known = self._known()
        with self._database.snapshot() as conn:
            found = find_orders(conn, line=line, limit=MOST if status else limit)
            states = (_state(conn, known, order) for order in found)
            return [state for state in states if status in (None, state.status)][:limit]

    def _known(self) -> _Known:
        return _Known(self._master.config_at(self._now_us()).plant, self._master.ids())

    def _put(self, order: Order, author: str) -> OrderState:
        known = self._known()
        plant, ids = known.plant, known.ids
        _known_place(plant, order.line, order.machine)
        if order.product not in plant.products:
            meant = suggestion(order.product, plant.products) or "; none is defined"
            raise InputError(f"there is no product {order.product!r}{meant}; add it to the plant's products first")
        line_id = ids.line(order.line)
        with self._database.transaction() as conn:
            lock_orders(conn, line_id)
            before = next(iter(find_orders(conn, order=order.id, limit=1)), None)
            if before and replace(before, entry=0, author="", entered_us=0) == order:
                return _state(conn, known, before)
            if before and _place(before) != _place(order) and order_events(conn, order.id):
                raise ConflictError(
                    f"order {order.id!r} has begun: undo its events before it gets another {_what(before, order)}"
                )
            said = {"order": order.id, "product": order.product, "quantity": order.quantity, "name": order.name}
            machine_id = ids.machine(order.line, order.machine) if order.machine else None
            entry = Entry("order", said, author, self._now_us(), line_id, machine_id)
            stored = replace(order, entry=add_entry(conn, entry), author=author, entered_us=entry.entered_us)
            return _state(conn, known, stored)

    def _say(
        self, name: str, kind: EventKind, author: str, at_us: int | None, line: str | None, machine: str | None
    ) -> tuple[OrderState, int]:
        known, now_us = self._known(), self._now_us()
        plant, ids = known.plant, known.ids
        said_us = now_us if at_us is None else at_us
        _in_reach(said_us, now_us, plant)
        with self._database.transaction() as conn:
            order = _order(conn, name)
            _same_line(order, line)
            scope = machine or order.machine
            machines = _without_signal(_known_place(plant, order.line, scope), scope)
            line_id = ids.line(order.line)
            lock_orders(conn, line_id)
            found = _repeated(conn, line_id, order, kind, at_us, scope, machines)
            if found is not None:
                return _state(conn, known, order), found
            _may(conn, line_id, order, kind, said_us, machines)
            machine_id = ids.machine(order.line, scope) if scope else None
            words = {"event": kind, "order": order.id, "product": order.product}
            entry = Entry("order_event", words, author, now_us, line_id, machine_id, from_us=said_us)
            number = add_entry(conn, entry)
            mark_event(conn, entry, f"order {order.id} {WORDS[kind]} (entry {number})", author)
            return _state(conn, known, order), number


def _state(conn: Session, known: _Known, order: Order) -> OrderState:
    """An order with its events; it runs where a machine makes it, else its last word says what it is."""
    events = order_events(conn, order.id)
    if not events:
        return OrderState(order, "planned", ())
    timelines = _timelines(conn, known, order.line, events[0].at_us)
    if any(t and t[-1].order == order.id for t in timelines):
        return OrderState(order, "running", tuple(events))
    return OrderState(order, "finished" if any(e.kind == "finish" for e in events) else "paused", tuple(events))


def _timelines(conn: Session, known: _Known, line: str, from_us_: int) -> list[list[InForce]]:
    """Orders in force per machine of a line, from what held at an instant on."""
    events, config = line_events(conn, known.ids.line(line), from_us_), known.plant.lines.get(line)
    return [in_force(events, machine) for machine in (config.machines if config else ())]


def _counting(plant: PlantConfig, order: Order) -> Sequence[str]:
    """Machines whose total is the order's: its own, or those that make the line's."""
    line = plant.lines.get(order.line)
    if order.machine is not None or line is None:
        return [order.machine] if order.machine else []
    return list(line.machines) if pools(line.rollup) else [counters(line.rollup)[0]]


def _order(conn: Session, name: str) -> Order:
    found = find_orders(conn, order=name, limit=1)
    if not found:
        raise NotFoundError(f"there is no order {name!r}; write it by PUT /api/v1/orders/{name}")
    return found[0]


def _place(order: Order) -> tuple[str, str | None, str]:
    return order.line, order.machine, order.product


def _what(before: Order, order: Order) -> str:
    named = zip(("line", "machine", "product"), _place(before), _place(order), strict=True)
    return " or ".join(word for word, old, new in named if old != new)


def _known_place(plant: PlantConfig, line: str, machine: str | None) -> LineConfig:
    found = plant.lines.get(line)
    if found is None:
        raise InputError(f"there is no line {line!r}; lines here: {', '.join(plant.lines)}")
    if machine is not None and machine not in found.machines:
        raise InputError(f"line {line!r} has no machine {machine!r}; it has: {', '.join(found.machines)}")
    return found


def _same_line(order: Order, line: str | None) -> None:
    if line is not None and line != order.line:
        raise InputError(f"order {order.id!r} is of line {order.line!r}; write it to {line!r} by PUT first")


def _in_reach(at_us: int, now_us: int, plant: PlantConfig) -> None:
    """Refuse what lies in the future, or where no raw samples are kept to tell the time anew from (S-55)."""
    if at_us > now_us + AHEAD_US:
        raise InputError(f"ts: {from_us(at_us).isoformat()} lies in the future; tell events once they have happened")
    days = plant.policies.retention_days
    if at_us < now_us - days * 86_400 * US_PER_S:
        raise InputError(f"ts: raw samples are kept for {days} days (`retention_days`); take a later instant")


def _without_signal(line: LineConfig, machine: str | None) -> list[str]:
    """Machines that follow what is entered of orders; a signal of a machine's own wins."""
    asked = [machine] if machine else list(line.machines)
    free = [m for m in asked if "order" not in line.machines[m].signals]
    if not free:
        raise InputError(
            f"{', '.join(asked)} of line {line.id!r} tells its orders by the signal `order`, which wins; "
            "remove that signal from the plant file to tell them by the API"
        )
    return free


def _repeated(
    conn: Session,
    line_id: int,
    order: Order,
    kind: EventKind,
    at_us: int | None,
    machine: str | None,
    machines: Sequence[str],
) -> int | None:
    """The entry that says the same already: at the same instant, or, where none is named, the one that stands now."""
    mine = [e for e in order_events(conn, order.id) if e.machine == machine]
    if at_us is not None:
        return next((e.number for e in mine if e.kind == kind and e.at_us == at_us), None)
    if not mine or mine[-1].kind != kind:
        return None
    events = line_events(conn, line_id, mine[-1].at_us)
    runs = all((t := in_force(events, m)) and t[-1].order == order.id for m in machines)
    return mine[-1].number if runs or kind != "start" else None


def _may(conn: Session, line_id: int, order: Order, kind: EventKind, at_us: int, machines: Sequence[str]) -> None:
    """Refuse what an order can't do: from planned to running, paused and running in turn, then finished for good."""
    mine = order_events(conn, order.id)
    finish = next((e for e in mine if e.kind == "finish"), None)
    if finish is not None:
        when = from_us(finish.at_us).isoformat()
        raise ConflictError(f"order {order.id!r} was finished at {when}; undo entry {finish.number} to go on with it")
    events = line_events(conn, line_id, at_us)
    held = [in_force_at(in_force(events, m), at_us) for m in machines]
    runs = [bool(h and h.order == order.id) for h in held]
    if kind == "start" and all(runs):
        raise ConflictError(f"order {order.id!r} runs already at {from_us(at_us).isoformat()}")
    if kind == "pause" and not any(runs):
        raise ConflictError(f"order {order.id!r} does not run at {from_us(at_us).isoformat()}; nothing to pause")
    if kind == "finish":
        _may_finish(order, mine, at_us)


def _may_finish(order: Order, mine: Sequence[OrderEvent], at_us: int) -> None:
    if not any(e.kind == "start" and e.at_us <= at_us for e in mine):
        raise ConflictError(f"order {order.id!r} has not started by {from_us(at_us).isoformat()}; start it first")
    later = next((e for e in mine if e.at_us > at_us), None)
    if later is not None:
        when = from_us(later.at_us).isoformat()
        raise ConflictError(
            f"order {order.id!r} was {WORDS[later.kind]} after that, at {when}; undo entry {later.number} first"
        )


def undo_event(conn: Session, entry: Entry, author: str, now_us: int, why: str | None) -> int:
    """Undo an order's event, in the caller's transaction: the figures follow what holds without it.

    Returns
    -------
    The number of the entry that undoes it.
    """
    undo = Entry(
        "undo", {}, author, now_us, entry.line_id, entry.machine_id, entry.from_us, undoes=entry.number, why=why
    )
    number = add_entry(conn, undo)
    mark_event(conn, entry, f"order {entry.said['order']}: entry {entry.number} undone", author)
    return number
