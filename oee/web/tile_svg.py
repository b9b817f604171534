"""Shapes of a tile as SVG text: a hundred tiles have thousands of them, too many for a template to write one by one.

Everything here is a number, a time of day or a name from the stylesheet, so nothing needs escaping.
"""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from oee.report.html import percent_text as pct
from oee.report.measures import Measure
from oee.report.ribbon import Mark
from oee.report.tile import TileRibbon


def stretches_svg(r: TileRibbon) -> Markup:
    """The shift's states: plain looks as paths in a box of their own, hatched ones above them."""
    paths = "".join(
        f'<path class="f-{fill}"{f" transform={chr(34)}{lane}{chr(34)}" if lane else ""} d="{d}"/>'
        for fill, lane, d in r.paths
    )
    hatched = "".join(
        f'<svg class="h-{fill}" x="{pct(x)}" width="{pct(width)}"{_lane(y, height)}>'
        f'<rect/><use href="#h-{fill}"/></svg>'
        for fill, x, width, y, height in r.hatched
    )
    return Markup(f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none">{paths}</svg>{hatched}')  # noqa: S704 - see above


def _lane(y: float, height: float) -> str:
    return f' y="{pct(y)}" height="{pct(height)}"' if height < 100 else ""


@lru_cache(maxsize=64)
def axis_svg(marks: tuple[Mark, ...]) -> Markup:
    """Clock hours below a ribbon, the same for all lines that work the shift."""
    texts = "".join(f'<text x="{pct(round(m.x, 1))}">{m.text}</text>' for m in marks)
    return Markup(f'<svg class="ax" aria-hidden="true">{texts}</svg>')  # noqa: S704 - see above


def bullet_svg(m: Measure, gap: bool) -> Markup:
    """A figure as a bar with its target as a tick, and the gap between them."""
    b = m.bullet
    bar = f'<rect class="f-bar" width="{pct(b.bar)}"/>' if b.bar is not None else ""
    short = ""
    if b.gap and gap and b.bar is not None:
        place = f'x="{pct(b.bar)}" width="{pct(b.gap)}"'
        short = f'<svg class="h-gap" {place}><use href="#h-gap"/></svg>' if m.bad else f'<rect class="f-near" {place}/>'
    tick = f'<rect class="tick" x="{pct(b.tick)}"/>' if b.tick is not None else ""
    inside = f'<rect class="track"/>{bar}{short}{tick}'
    return Markup(f'<div class="bullet"><svg>{inside}</svg></div>')  # noqa: S704 - see above
