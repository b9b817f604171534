"""Orders and their events in the store: entries of kinds ``order`` and ``order_event``, and the marks they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection

from oee.kernels.orders import OrderEvent
from oee.store.database import Row, fetch, fetch_one, run
from oee.store.entries import Entry
from oee.store.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was last written; ``machine`` None: it is made by the whole line. ``entry`` is its number."""

    id: str
    line: str
    product: str
    machine: str | None = None
    quantity: int | None = None
    name: str | None = None
    entry: int = 0
    author: str = ""
    entered_us: int = 0


def line_events(conn: Connection[Row], line_id: int, from_us_: int) -> list[OrderEvent]:
    """Events of a line that hold, from what was in force at an instant on."""
    rows = fetch(conn, "orders/events", line_id=line_id, **{"from": from_us(from_us_)})
    return [_event(row) for row in rows]


def order_events(conn: Connection[Row], order: str) -> list[OrderEvent]:
    """Events of one order that hold, oldest first."""
    return [_event(row) for row in fetch(conn, "orders/of_order", order=order)]


def _event(row: Row) -> OrderEvent:
    number, at, kind, order, product, machine, author = row
    return OrderEvent(number, to_us(at), kind, order, product, machine, author)


def find_orders(conn: Connection[Row], *, order: str | None = None, line: str | None = None, limit: int) -> list[Order]:
    """Orders, the newest first; of one id or of a line where named."""
    rows = fetch(conn, "orders/newest", order=order, line=line, limit=limit)
    return [
        Order(
            said["order"],
            of,
            said["product"],
            machine,
            said.get("quantity"),
            said.get("name"),
            number,
            author,
            to_us(entered),
        )
        for number, of, machine, said, author, entered in rows
    ]


def made_count(conn: Connection[Row], order: Order, machines: Sequence[str], since_us: int) -> int:
    """Pieces that these machines counted for an order since an instant [µs]."""
    params = {"line": order.line, "machines": list(machines), "order": order.id, "from": from_us(since_us)}
    row = fetch_one(conn, "orders/made", **params)
    return int(row[0]) if row else 0


def lock_orders(conn: Connection[Row], line_id: int) -> None:
    """Write orders of this line alone until the transaction ends."""
    run(conn, "orders/lock", line_id=line_id)


def mark_event(conn: Connection[Row], entry: Entry, cause: str, author: str) -> None:
    """Have the machines that an order's event is of interpreted again from its instant on (S-51, S-52).

    Belongs into the transaction that adds the entry, or that undoes it.
    """
    if entry.from_us is None or entry.line_id is None:
        return
    params = {"line_id": entry.line_id, "machine_id": entry.machine_id, "from": from_us(entry.from_us)}
    run(conn, "orders/mark", cause=cause, author=author, **params)
