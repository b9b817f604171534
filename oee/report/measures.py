"""Indicators and pieces against their targets, with the geometry of the bullet that draws them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from oee.config.model import Targets
from oee.glance import lanes_of
from oee.kernels.ratios import Ratios
from oee.model import Category, ShiftResult
from oee.report import figures as f
from oee.report.kpi import result_ratios
from oee.report.words import missing_reason

TOLERANCE_TENTHS = 20
"""A miss of up to two percentage points, or 2 % of the pieces, stays grey: red is kept rare."""
PIECES_TICK = 85.0
"""Where a bullet of pieces has its target [%], so that more than the target still fits."""
INDICATORS = (
    ("availability", "Availability"),
    ("performance", "Performance"),
    ("quality", "Quality"),
    ("oee", "OEE"),
)


@dataclass(frozen=True, slots=True)
class Bullet:
    """Bar, tick, gap and range [% of the width]; None where there is nothing to draw."""

    bar: float | None
    tick: float | None
    gap: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure beside its target: tenths of a percent, or whole pieces.

    ``why`` says why the value is missing, ``low`` and ``high`` bound it while time without data leaves it open.
    ``comparable`` is False while the value is known only up to an instant before now: then no difference is told.
    """

    name: str
    label: str
    value: int | None
    target: int | None
    percent: bool = True
    why: str = ""
    low: int | None = None
    high: int | None = None
    comparable: bool = True

    @property
    def delta(self) -> int | None:
        """Difference of the shown figures, in their unit."""
        known = self.comparable and self.value is not None and self.target is not None
        return (self.value or 0) - (self.target or 0) if known else None

    @property
    def bad(self) -> bool:
        """Whether the target is missed by more than the tolerance."""
        if self.delta is None or self.target is None:
            return False
        return self.delta < -(TOLERANCE_TENTHS if self.percent else abs(self.target) * TOLERANCE_TENTHS / 1000)

    @property
    def text(self) -> str:
        """The figure as written, without its unit."""
        return self._written(self.value)

    @property
    def target_text(self) -> str:
        """The target as written."""
        return self._written(self.target)

    @property
    def delta_text(self) -> str:
        """The difference as written, with its sign and unit."""
        return self.difference(self.delta)

    def difference(self, delta: int | None) -> str:
        """Write a difference in this measure's unit."""
        return f.signed(self._written(delta)) + (f"{f.NBSP}pp" if self.percent and delta is not None else "")

    @property
    def bullet(self) -> Bullet:
        """Geometry; the bar ends at the full width, whatever the value."""
        bar, tick = self._x(self.value), self._x(self.target)
        short = self.comparable and bar is not None and tick is not None and bar < tick
        gap = round((tick or 0) - (bar or 0), 2) if short else None
        return Bullet(bar, tick, gap, self._x(self.low), self._x(self.high))

    def _written(self, value: int | None) -> str:
        return f.tenths(value) if self.percent else f.pieces(value)

    def _x(self, value: int | None) -> float | None:
        if value is None:
            return None
        if not self.percent and not self.target:
            return 0.0
        share = value / 10 if self.percent else PIECES_TICK * value / (self.target or 1)
        return round(min(max(share, 0.0), 100.0), 2)


def indicators(result: ShiftResult, targets: Targets) -> tuple[Measure, ...]:
    """Availability, performance, quality and OEE of a result against the line's targets."""
    derived = result_ratios(result)
    return tuple(_indicator(name, label, derived, result, targets) for name, label in INDICATORS)


def _indicator(name: str, label: str, derived: Ratios, result: ShiftResult, targets: Targets) -> Measure:
    value: Fraction | None = getattr(derived, name)
    target: float | None = getattr(targets, name)
    early = name in ("oee", "performance") and value == 0 and no_part_yet(result)
    value = None if early else value
    open_range = name == "availability" and value is not None and result.window.elements.no_data_us > 0
    low = f.ratio_tenths(derived.availability_min) if open_range else None
    high = f.ratio_tenths(derived.availability_max) if open_range else None
    return Measure(
        name=name,
        label=label,
        value=f.ratio_tenths(value),
        target=None if target is None else f.ratio_tenths(_exact(target)),
        why="no part yet" if early else "" if value is not None else missing_reason(name, result.window),
        low=low if low != high else None,
        high=high if low != high else None,
    )


@cache
def _exact(target: float) -> Fraction:
    return Fraction(str(target))


def no_part_yet(result: ShiftResult) -> bool:
    """Tell whether a line has just begun: no part in less than a minute says nothing, and 0.0 % would alarm."""
    e = result.window.elements
    return result.status == "live" and not e.total_count and e.known_us < f.US_PER_MIN


def is_silent(result: ShiftResult) -> bool:
    """Tell whether a live line is without data now: what it made since then, nobody knows."""
    newest = [lane[-1].category for lane in lanes_of(result.window.segments).values()]
    return result.status == "live" and bool(newest) and all(c is Category.NO_DATA for c in newest)


def good_pieces(result: ShiftResult) -> Measure:
    """Good pieces against what the OEE target asks of the time so far; unknown where nothing tells rejects."""
    known, target = result.window.quality_known, result.target_good_count
    return Measure(
        name="good",
        label="Good pieces",
        value=result.window.elements.good_count if known else None,
        target=None if target is None else f.rounded(target),
        percent=False,
        why="" if known else "rejects unknown",
        comparable=not is_silent(result),
    )
