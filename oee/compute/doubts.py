"""What the collection says against a window: readings that were lost, or whose time is the collector's own.

The flags ``spool_dropped`` and ``clock_skew`` of every window that such a stretch reaches into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oee.model import FLAGS, WindowResult
from oee.store.database import Session
from oee.store.gaps import LOST, gaps
from oee.store.skews import skews
from oee.store.times import FAR_US


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch [µs] and the flag that it raises."""

    start_us: int
    end_us: int
    flag: str


def doubts(conn: Session, machine_id: int, start_us: int, end_us: int) -> tuple[Doubt, ...]:
    """Stretches that reach into ``[start, end)`` and of which readings were lost or have the collector's time."""
    lost = [g for g in gaps(conn, machine_id, start_us, end_us) if g.reason == LOST]
    skewed = skews(conn, machine_id, start_us, end_us)
    return (
        *(Doubt(g.from_us, FAR_US if g.to_us is None else g.to_us, "spool_dropped") for g in lost),
        *(Doubt(a, b, "clock_skew") for a, b in skewed),
    )


def with_doubts(result: WindowResult, found: Sequence[Doubt]) -> WindowResult:
    """A window with the flags of the stretches that reach into it."""
    raised = {d.flag for d in found if d.start_us < result.end_us and result.start_us < d.end_us}
    return replace(result, flags=tuple(f for f in FLAGS if f in {*result.flags, *raised})) if raised else result
