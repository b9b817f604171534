"""What a change would do, as lines of text, for ``oee apply --dry-run``."""

from __future__ import annotations

from fractions import Fraction

from oee.compute.rehearsal import Rehearsal, ShiftChange
from oee.kernels.ratios import Ratios
from oee.report.kpi import result_ratios

FACTORS = (("OEE", "oee"), ("A", "availability"), ("P", "performance"), ("Q", "quality"))


def rehearsal_table(rehearsal: Rehearsal) -> list[str]:
    """One line a shift that would be revised, newest first; then how many were looked at."""
    rows = [_row(change) for change in rehearsal.shifts]
    cut = "" if rehearsal.is_whole else ", the newest; older ones may change as well"
    count = f"{len(rows)} of {rehearsal.looked_at} shifts looked at would be revised{cut}; nothing was changed"
    return [*rows, count]


def _row(change: ShiftChange) -> str:
    i, before = change.after.instance, change.before
    who = i.line if change.machine is None else f"{i.line}/{change.machine}"
    now, then = None if before is None else result_ratios(before), result_ratios(change.after)
    figures = "  ".join(f"{label} {_told(now, key)} -> {_told(then, key)}" for label, key in FACTORS)
    revision = "new shift" if before is None else f"revision {before.revision}"
    return f"{who}  {i.production_date}  {i.name}  {revision}  {figures}  ({change.cause})"


def _told(ratios: Ratios | None, key: str) -> str:
    value: Fraction | None = getattr(ratios, key) if ratios is not None else None
    return "-" if value is None else f"{float(value):.1%}"
