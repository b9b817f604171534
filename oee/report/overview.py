"""The plant overview: a tile for each line in the order asked for, and the plant's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oee.config.model import PlantConfig
from oee.kernels.ratios import ratios
from oee.model import Elements, WindowResult
from oee.report import figures as f
from oee.report.tile import Tile, tile
from oee.report.words import KINDS, Kind, missing_reason, names_of
from oee.source import LineMoment


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many lines are in one look."""

    kind: Kind
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All lines in the order asked for, and the plant's own figures: sums of elements, then divided (S-41)."""

    lines: tuple[Tile, ...]
    counts: tuple[StateCount, ...]
    oee: int | None
    oee_why: str
    coverage: int | None
    unexplained: int
    shift_words: str
    age_s: int | None


def overview(moments: Mapping[str, LineMoment], plant: PlantConfig, now_us: int, sort: str) -> Overview:
    """Build the plant overview.

    Parameters
    ----------
    moments : all lines as they are now.
    now_us : the instant up to which live figures are told [µs UTC].
    sort : ``help`` (who needs help first), ``name`` or ``oee`` (lowest first).
    """
    names = names_of(plant)
    lines = [tile(moment, plant, names, now_us) for moment in moments.values()]
    seen = [m.glance.result for m in moments.values() if m.glance is not None]
    window = _sum([r.window for r in seen if r.instance.planned])
    derived = ratios(window.elements, quality_known=window.quality_known, ideal_known=window.ideal_known)
    kinds = [line.state.kind for line in lines]
    ages = [line.age_s for line in lines if line.age_s is not None]
    return Overview(
        lines=tuple(sorted(lines, key=lambda line: _order(line, sort))),
        counts=tuple(StateCount(k, kinds.count(k)) for k in _kinds_by_need() if k in kinds),
        oee=f.ratio_tenths(derived.oee),
        oee_why="" if derived.oee is not None else missing_reason("oee", window),
        coverage=f.ratio_tenths(derived.coverage),
        unexplained=sum(line.unexplained for line in lines),
        shift_words=_shift_words(lines),
        age_s=min(ages, default=None),
    )


def _kinds_by_need() -> list[Kind]:
    return sorted(KINDS, key=lambda kind: kind.need)


def _sum(windows: Sequence[WindowResult]) -> WindowResult:
    return WindowResult(
        start_us=0,
        end_us=0,
        elements=sum((w.elements for w in windows), Elements()),
        quality_known=all(w.quality_known for w in windows),
        ideal_known=all(w.ideal_known for w in windows),
    )


def _order(line: Tile, sort: str) -> tuple[float, float, str]:
    if sort == "name":
        return (0.0, 0.0, line.name)
    if sort == "oee":
        value = line.oee.value if line.oee is not None else None
        return (0.0 if value is not None else 1.0, float(value or 0), line.name)
    return (float(line.need[0]), float(line.need[1]), line.name)


def _shift_words(lines: Sequence[Tile]) -> str:
    """Name the shift if all lines are in the same."""
    heads = {(h.title, h.day, h.span) for line in lines if (h := line.head) is not None}
    return ", ".join(next(iter(heads))) if len(heads) == 1 and len(lines) > 0 else ""
