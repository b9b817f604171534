"""Readings that were lost after they had been read: the flag ``spool_dropped`` of every window that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oee.model import FLAGS, WindowResult
from oee.store.database import Session
from oee.store.gaps import LOST, gaps
from oee.store.times import FAR_US


def lost_stretches(conn: Session, machine_id: int, start_us: int, end_us: int) -> tuple[tuple[int, int], ...]:
    """Stretches that reach into ``[start, end)`` and of which the spool lost readings [µs]."""
    found = gaps(conn, machine_id, start_us, end_us)
    return tuple((g.from_us, FAR_US if g.to_us is None else g.to_us) for g in found if g.reason == LOST)


def with_losses(result: WindowResult, lost: Sequence[tuple[int, int]]) -> WindowResult:
    """A window with its flag, where readings of it were lost."""
    if not any(a < result.end_us and result.start_us < b for a, b in lost):
        return result
    return replace(result, flags=tuple(f for f in FLAGS if f in {*result.flags, "spool_dropped"}))
