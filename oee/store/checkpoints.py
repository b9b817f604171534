"""Checkpoints in the database: each proves itself by a checksum; a damaged one, or one without, is never used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from psycopg import Connection

from oee.interpret import Checkpoint, CounterState
from oee.kernels.counters import CounterCarry
from oee.kernels.products import ProductCarry
from oee.store.database import Row, copy_rows, fetch, fetch_one, run
from oee.store.times import from_us, to_us


def checkpoint_before(conn: Connection[Row], machine_id: int, at_us: int) -> Checkpoint | None:
    """The newest sound checkpoint at or before an instant; damaged ones on the way are deleted."""
    while True:
        row = fetch_one(conn, "facts/checkpoint", machine_id=machine_id, at=from_us(at_us))
        if row is None:
            return None
        found_us, payload, checksum = to_us(row[0]), row[1], row[2]
        if checksum == _checksum(machine_id, found_us, payload):
            return _checkpoint(found_us, payload)
        run(conn, "facts/delete_checkpoint", machine_id=machine_id, at=row[0])


def checkpoint_after(conn: Connection[Row], machine_id: int, at_us: int) -> Checkpoint | None:
    """The oldest sound checkpoint at or after an instant."""
    for at, payload, checksum in fetch(conn, "facts/checkpoints_after", machine_id=machine_id, at=from_us(at_us)):
        if checksum == _checksum(machine_id, to_us(at), payload):
            return _checkpoint(to_us(at), payload)
    return None


def put_checkpoints(conn: Connection[Row], machine_id: int, checkpoints: Sequence[Checkpoint]) -> None:
    """Write new checkpoints; only the newest of all may lie off the quarter hours."""
    rows = []
    for c in checkpoints:
        payload = _payload(c)
        rows.append((machine_id, from_us(c.at_us), payload, _checksum(machine_id, c.at_us, payload)))
    copy_rows(conn, "facts/copy_checkpoints", rows)
    run(conn, "facts/drop_moving", machine_id=machine_id)


def _payload(checkpoint: Checkpoint) -> str:
    counters = {
        signal: [s.carry.ts_us, s.carry.value, s.carry.total, s.run_us] for signal, s in checkpoint.counters.items()
    }
    made = checkpoint.products
    return json.dumps([counters, [made.product, made.order, made.last_product, made.last_order]])


def _checkpoint(at_us: int, payload: str) -> Checkpoint:
    counters, products = json.loads(payload)
    states = {signal: CounterState(CounterCarry(*v[:3]), v[3]) for signal, v in counters.items()}
    return Checkpoint(at_us, states, products=ProductCarry(*products))


def _checksum(machine_id: int, at_us: int, payload: str) -> str:
    """Of the payload and of where it belongs: one that strayed to another machine or instant is damaged, too."""
    return hashlib.blake2b(f"{machine_id} {at_us} {payload}".encode(), digest_size=8).hexdigest()
