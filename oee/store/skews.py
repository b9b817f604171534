"""Stretches in which a device's clock was off, so that its readings have the collector's time (R11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from psycopg import Connection

from oee.store.database import Row, fetch, run
from oee.store.life import machine_key
from oee.store.times import from_us, to_us


class SkewRow(Protocol):
    """Readings of machines on one source that could not have their own time."""

    @property
    def connector(self) -> str:
        """The source."""

    @property
    def from_us(self) -> int:
        """The first such reading [µs UTC]."""

    @property
    def through_us(self) -> int:
        """The last one."""

    @property
    def machines(self) -> tuple[str, ...]:
        """``line/machine`` ids."""


def write_skews(conn: Connection[Row], skews: Sequence[SkewRow], machines: Mapping[tuple[str, str], int]) -> None:
    """Write a batch's stretches; writing them again changes nothing (R2)."""
    for skew in sorted(skews, key=lambda s: s.from_us):
        for name in skew.machines:
            params = {
                "machine_id": machines[machine_key(name)],
                "source": skew.connector,
                "from": from_us(skew.from_us),
                "through": from_us(skew.through_us),
            }
            if not run(conn, "samples/extend_skew", **params):
                run(conn, "samples/add_skew", **params)


def skews(conn: Connection[Row], machine_id: int, from_us_: int, to_us_: int) -> list[tuple[int, int]]:
    """Stretches of a machine that reach into ``[from, to)``, half-open [µs UTC]."""
    found = fetch(conn, "samples/skews", machine_id=machine_id, **{"from": from_us(from_us_), "to": from_us(to_us_)})
    return [(to_us(start), to_us(through) + 1) for start, through in found]
