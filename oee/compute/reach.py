"""How far the calculation has to look around a span, so that nothing in it is judged by a part of itself."""

from __future__ import annotations

from oee.compute.entered import joined_span, stop_entries
from oee.store.database import Session
from oee.store.entries import Entry
from oee.store.facts import FactsState, last_change_us, run_after_us, run_before_us

DECIDES_US = 86_400_000_000
"""How far past a window its last standstill is followed: after so long it is no small stop, whatever comes."""


def reach(
    conn: Session, machine_id: int, state: FactsState | None, span_us: tuple[int, int], now_us: int
) -> tuple[int, int, list[Entry]]:
    """What has to be looked at for a span, and what people entered about it, stops that they merged whole (S-24)."""
    wider_us = span_us
    while True:
        start_us, end_us, stands_until_us = _around(conn, machine_id, state, wider_us, now_us)
        entries = stop_entries(conn, machine_id, start_us, stands_until_us)
        joined_us = joined_span(entries, wider_us)
        if joined_us == wider_us:
            break
        wider_us = joined_us
    said_us = [e.from_us + 1 for e in entries if e.from_us is not None]  # also where a standstill lasts for days
    return start_us, min(max([end_us, *said_us]), stands_until_us), entries


def _around(
    conn: Session, machine_id: int, state: FactsState | None, span_us: tuple[int, int], now_us: int
) -> tuple[int, int, int]:
    """Widen a span to the runs around it, so that no standstill is cut before its class is known (S-23, S-25).

    Returns
    -------
    Start and end of what has to be looked at, and until when a standstill at its end may last [µs].
    """
    before = run_before_us(conn, machine_id, span_us[0])
    after = run_after_us(conn, machine_id, span_us[1])
    if before is None:  # it never ran before: a standstill may reach back to the first word
        before = state.first_us if state else span_us[0]
    end = span_us[1] + DECIDES_US
    if after is None or after >= end:  # long decided to be no small stop; yet a change makes it a changeover
        change = last_change_us(conn, machine_id, end, max(now_us, end) if after is None else after)
        end = end if change is None else change + 1
    else:
        end = after + 1
    told = max(now_us, span_us[1])
    until = max(end, told if after is None else after + 1)
    return min(before, span_us[0]), min(max(span_us[1], end), told), min(max(span_us[1], until), told)
