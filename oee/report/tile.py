"""A line's tile on the plant overview, from a glance: the same elements and words as the line page, and little else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from oee.config.model import PlantConfig
from oee.glance import Glance, Look
from oee.model import Category, ShiftResult
from oee.report import figures as f
from oee.report.live import StateNow, empty_words, line_need, state_now
from oee.report.measures import Measure, good_pieces, indicators
from oee.report.ribbon import Mark, Stretch, coming_stretches, hour_marks, place
from oee.report.view import ShiftHead, line_of, product_words, shift_head, zone_of
from oee.report.words import Names, kind_of
from oee.source import LineMoment

OLD_US = 30_000_000
"""Figures up to this old are those of now: the compute process makes them anew every few seconds."""


@dataclass(frozen=True, slots=True)
class TileRibbon:
    """The shift's states: plain looks as (fill, transform, path), hatched ones as (fill, x, width, y, height) [%]."""

    paths: tuple[tuple[str, str, str], ...]
    hatched: tuple[tuple[str, float, float, float, float], ...]
    coming: tuple[Stretch, ...]
    marks: tuple[Mark, ...]
    now_x: float | None


@dataclass(frozen=True, slots=True)
class Tile:
    """What a tile says; ``coverage`` in tenths of a percent, ``top_loss`` in tenths of minutes.

    ``old`` says of when its figures are and how old, where they are not of now: the compute process is down or late.
    """

    line_id: str
    name: str
    state: StateNow
    planned: bool
    head: ShiftHead | None
    oee: Measure | None
    good: Measure | None
    others: tuple[Measure, ...]
    coverage: int | None
    products: str
    ribbon: TileRibbon | None
    top_loss: tuple[str, int] | None
    unexplained: int
    empty: str
    need: tuple[int, int]
    age_s: int | None
    old: str


def tile(moment: LineMoment, plant: PlantConfig, names: Names, now_us: int) -> Tile:
    """Build the tile of one line.

    Parameters
    ----------
    names : of the plant, made once for all tiles.
    now_us : the instant up to which live figures are told [µs UTC].
    """
    zone, line, state = zone_of(plant), line_of(plant, moment.state.line), moment.state
    seen = moment.glance
    result = None if seen is None else seen.result
    planned = result is not None and result.instance.planned and not result.instance.cancelled
    measures = {m.name: m for m in indicators(result, line.targets)} if result is not None else {}
    now = state_now(state, result, now_us, names, zone)
    oee = measures.pop("oee", None)
    return Tile(
        line_id=line.id,
        name=line.name,
        state=now,
        planned=planned,
        head=None if result is None else shift_head(result, zone),
        oee=oee,
        good=None if result is None else good_pieces(result),
        others=tuple(measures.values()),
        coverage=None if result is None else _coverage(result),
        products="" if seen is None else product_words(seen.products, line, names),
        ribbon=None if seen is None else tile_ribbon(seen, plant),
        top_loss=None if seen is None else _top_loss(seen, names),
        unexplained=0 if seen is None else seen.unexplained_count,
        empty=empty_words(result, moment.coming, zone, now_us),
        need=line_need(now, state, oee),
        age_s=None if state.alive_us is None else max(now_us - state.alive_us, 0) // 1_000_000,
        old="" if result is None else _old(result, now_us, zone),
    )


def _old(result: ShiftResult, now_us: int, zone: ZoneInfo) -> str:
    age_us = now_us - result.window.end_us
    if age_us <= OLD_US:
        return ""
    return f"Figures of {f.since(result.window.end_us, now_us, zone)}, {f.age_words(age_us // 1_000_000)} old"


def _coverage(result: ShiftResult) -> int | None:
    e = result.window.elements
    return f.rounded(1000 * e.known_us, e.planned_busy_us) if e.planned_busy_us else None


def _top_loss(seen: Glance, names: Names) -> tuple[str, int] | None:
    """The greatest standstill, rounded as in the line page's table (`oee.report.losses.downtime`)."""
    sums: dict[tuple[str, str], int] = {}
    for category, setup, reason, state, us in seen.lost:
        kind = kind_of(category, setup=setup, state=state)
        key = (kind.word, names.reason(kind, reason))
        sums[key] = sums.get(key, 0) + us
    rows = sorted(sums.items(), key=lambda row: -row[1])
    return (rows[0][0][1], f.apportion([us for _, us in rows], f.TENTH_MIN_US)[0]) if rows else None


def tile_ribbon(seen: Glance, plant: PlantConfig) -> TileRibbon:
    """Say in which colours the stretches of a glance are drawn, under an axis."""
    window, instance, zone = seen.result.window, seen.result.instance, zone_of(plant)
    live = window.end_us < instance.end_us
    now_x = place(window.end_us, instance) if live else None
    return TileRibbon(
        paths=tuple((_fill(look), _lane(y, height), d) for look, y, height, d in seen.paths),
        hatched=tuple((_fill(look), x, width, y, height) for look, x, width, y, height in seen.boxes),
        coming=tuple(coming_stretches(instance, window.end_us, zone)),
        marks=clear_marks(instance.start_us, instance.end_us, zone),
        now_x=now_x,
    )


@lru_cache(maxsize=64)
def clear_marks(start_us: int, end_us: int, zone: ZoneInfo) -> tuple[Mark, ...]:
    """Marks of a shift's axis that have space on a tile."""
    return tuple(m for m in hour_marks(start_us, end_us, zone) if not m.alt)


def _lane(y: float, height: float) -> str:
    """Where a lane lies among others; nothing to say of one alone."""
    return "" if height >= 100 else f"translate(0 {y:g})scale(1 {height / 100:g})"


def _fill(look: Look) -> str:
    return kind_of(Category(look[0]), setup=look[1]).fill
