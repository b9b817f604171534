"""Proof of life and its gaps: stretches extended in place, gaps opened and closed with the batch that tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from psycopg import Connection

from oee.store.database import Row, fetch, fetch_one, run, run_many
from oee.store.times import from_us, to_us

NOT_RUNNING = "the collector was not running"
_RESTART_US = 1_000_000
"""So long a pause is none, whatever the interval: a collector may be started anew within it."""


class AliveRow(Protocol):
    """Proof of life of machines on one source, and that source's watermark."""

    @property
    def connector(self) -> str:
        """The source."""

    @property
    def from_us(self) -> int:
        """Alive from here on [µs UTC]."""

    @property
    def through_us(self) -> int:
        """Up to here; also the watermark."""

    @property
    def machines(self) -> tuple[str, ...]:
        """``line/machine`` ids that were alive."""

    @property
    def interval_us(self) -> int:
        """How often life is proven when all is well."""


class GapRow(Protocol):
    """The beginning of a gap: from here on machines are not collected from one source."""

    @property
    def connector(self) -> str:
        """The source."""

    @property
    def from_us(self) -> int:
        """Not collected from here on [µs UTC], until life is proven again."""

    @property
    def machines(self) -> tuple[str, ...]:
        """``line/machine`` ids that are not collected."""

    @property
    def reason(self) -> str:
        """Why, for people."""

    @property
    def interval_us(self) -> int:
        """How often life would be proven."""


class _Event(NamedTuple):
    """Life of one machine on one source up to `through_us`, or (`reason`) the beginning of a gap; ordered by time."""

    from_us: int
    reason: str
    machine: str
    source: str
    through_us: int
    interval_us: int


def machine_key(name: str) -> tuple[str, str]:
    """Return line and machine of ``line/machine``."""
    line, machine = name.split("/")
    return line, machine


def write_life(
    conn: Connection[Row],
    alive: Sequence[AliveRow],
    gaps: Sequence[GapRow],
    machines: Mapping[tuple[str, str], int],
) -> None:
    """Write a batch's life, gaps and watermarks; writing it again changes nothing (R2, R4).

    A gap ends where life returns. A pause that nothing was said of is one in which the collector did not run: whatever
    else keeps a machine from being collected, the collector reports.

    Parameters
    ----------
    machines
        Numbers of all machines that the batch names, by line and machine.
    """
    open_ = {(machine_id, source): to_us(at) for machine_id, source, at in fetch(conn, "samples/open_gaps")}
    for event in sorted(_events(alive, gaps)):  # life before the gap that begins at its last instant
        key = machines[machine_key(event.machine)], event.source
        if event.reason:
            _open_gap(conn, key, event, open_)
        else:
            _add_life(conn, key, event, open_)
    last = {a.connector: a for a in sorted(alive, key=lambda a: a.through_us)}
    rows = [{"source": name, "through": from_us(a.through_us), "alive": bool(a.machines)} for name, a in last.items()]
    run_many(conn, "samples/progress", rows)


def add_alive(conn: Connection[Row], machine_id: int, source: str, from_us_: int, through_us: int) -> None:
    """Add a stretch of proven life, extending the one that it continues."""
    if not _is_extended(conn, (machine_id, source), from_us_, through_us):
        _insert_life(conn, (machine_id, source), from_us_, through_us)


def _add_life(conn: Connection[Row], key: tuple[int, str], event: _Event, open_: dict[tuple[int, str], int]) -> None:
    if not _is_extended(conn, key, event.from_us, event.through_us):
        if key not in open_:
            _fill_pause(conn, key, event.from_us, event.interval_us)
        _insert_life(conn, key, event.from_us, event.through_us)
    if key in open_ and open_[key] < event.through_us:
        # The clock may have been set back meanwhile: then the gap has no length that anybody knows.
        end_us = max(event.from_us, open_.pop(key))
        run(conn, "samples/close_gap", machine_id=key[0], source=key[1], to=from_us(end_us))


def _open_gap(conn: Connection[Row], key: tuple[int, str], event: _Event, open_: dict[tuple[int, str], int]) -> None:
    if key in open_:
        return
    _fill_pause(conn, key, event.from_us, event.interval_us)
    if _insert_gap(conn, key, event.from_us, None, event.reason):
        open_[key] = event.from_us


def _fill_pause(conn: Connection[Row], key: tuple[int, str], at_us: int, interval_us: int) -> None:
    """Write the gap between what is known last of a machine on a source, if anything, and an instant."""
    row = fetch_one(conn, "samples/last_known", machine_id=key[0], source=key[1], at=from_us(at_us))
    known: datetime | None = row[0] if row else None
    if known is not None and at_us - to_us(known) > max(2 * interval_us, _RESTART_US):
        _insert_gap(conn, key, to_us(known), at_us, NOT_RUNNING)


def _insert_gap(conn: Connection[Row], key: tuple[int, str], start_us: int, end_us: int | None, reason: str) -> bool:
    end = None if end_us is None else from_us(end_us)
    params = {"machine_id": key[0], "source": key[1], "from": from_us(start_us), "to": end, "reason": reason}
    return run(conn, "samples/add_gap", **params) > 0


def _is_extended(conn: Connection[Row], key: tuple[int, str], start_us: int, through_us: int) -> bool:
    span = {"from": from_us(start_us), "through": from_us(through_us)}
    return run(conn, "samples/extend_alive", machine_id=key[0], source=key[1], **span) > 0


def _insert_life(conn: Connection[Row], key: tuple[int, str], start_us: int, through_us: int) -> None:
    span = {"from": from_us(start_us), "through": from_us(through_us)}
    run(conn, "samples/add_alive", machine_id=key[0], source=key[1], **span)


def _events(alive: Sequence[AliveRow], gaps: Sequence[GapRow]) -> list[_Event]:
    """Join what follows on within a batch, and cut by machine."""
    open_: dict[tuple[str, str], _Event] = {}
    done = [_Event(g.from_us, g.reason, m, g.connector, g.from_us, g.interval_us) for g in gaps for m in g.machines]
    for a in alive:
        for machine in a.machines:
            key = (machine, a.connector)
            held = open_.get(key)
            if held is not None and held.from_us <= a.from_us <= held.through_us:
                open_[key] = held._replace(through_us=max(held.through_us, a.through_us))
                continue
            if held is not None:
                done.append(held)
            open_[key] = _Event(a.from_us, "", machine, a.connector, a.through_us, a.interval_us)
    return done + list(open_.values())
