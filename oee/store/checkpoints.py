"""Checkpoints in the database: each proves itself by a checksum; a damaged one, or one without, is never used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from psycopg import Connection

from oee.interpret import Checkpoint, CounterState
from oee.kernels.claims import Standing
from oee.kernels.counters import CounterCarry
from oee.kernels.dealing import Owing
from oee.kernels.products import ProductCarry
from oee.kernels.states import Reason, Silence
from oee.model import Category
from oee.store.database import Row, copy_rows, fetch, fetch_one, run
from oee.store.times import from_us, to_us

LAYOUT = 3


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
    made, stop, silence = checkpoint.products, checkpoint.standing, checkpoint.silence
    products = [made.product, made.order, made.last_product, made.last_order]
    standing = None if stop is None else [stop.category, stop.since_us, _told(stop.reason), _told(stop.filled)]
    silent = None if silence is None else [silence.since_us, silence.hold_until_us]
    owing = {name: astuple(o) for name, o in checkpoint.owing.items()}
    return json.dumps([counters, products, standing, silent, checkpoint.idle, owing])


def _told(reason: Reason | None) -> list[Any] | None:
    return None if reason is None else [reason.code, reason.category, reason.setup]


def _checkpoint(at_us: int, payload: str) -> Checkpoint:
    counters, products, stop, silence, idle, owing = json.loads(payload)
    return Checkpoint(
        at_us,
        {signal: CounterState(CounterCarry(*v[:3]), v[3]) for signal, v in counters.items()},
        products=ProductCarry(*products),
        standing=None if stop is None else Standing(Category(stop[0]), stop[1], *map(_reason, stop[2:])),
        silence=None if silence is None else Silence(*silence),
        idle=idle,
        owing={name: Owing(*o) for name, o in owing.items()},
    )


def _reason(told: list[Any] | None) -> Reason | None:
    return None if told is None else Reason(told[0], Category(told[1]), told[2])


def _checksum(machine_id: int, at_us: int, payload: str) -> str:
    """Of the payload and of where it belongs: one that strayed to another machine or instant is damaged, too.

    So is one of another layout: code of the version before makes its own anew (R23).
    """
    return hashlib.blake2b(f"{LAYOUT} {machine_id} {at_us} {payload}".encode(), digest_size=8).hexdigest()
