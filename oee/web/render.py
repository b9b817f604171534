"""Templates to answers: addresses of pages, what every page shows, ETags, and pages for what went wrong."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader

from oee.config.model import PlantConfig
from oee.model import ShiftInstance
from oee.report import figures as f
from oee.report.html import environment
from oee.report.view import zone_of
from oee.web.assets import asset_url, style_urls
from oee.web.tile_svg import axis_svg, bullet_svg, stretches_svg

FRESH_S = 60
PACKED_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame of every page shows; ``now`` is the time of day in plant time, to the second."""

    plant: str
    at: str = ""
    live: bool = False
    now: str = ""
    zone_label: str = ""
    age: str = ""
    fresh: bool = False
    lines_url: str = "/lines"
    reports_url: str = "/reports"


def line_url(line: str) -> str:
    """Address of a line's page."""
    return f"/lines/{quote(line, safe='')}"


def reports_url(line: str, by: str = "shift") -> str:
    """Address of the list of a line's reports, or of its sums by ``day``, ``week`` or ``month``."""
    return f"/reports?line={quote(line, safe='')}" + ("" if by == "shift" else f"&by={by}")


def shift_url(instance: ShiftInstance) -> str:
    """Address of the line page at one shift."""
    date, shift = quote(instance.production_date, safe=""), quote(instance.name, safe="")
    return f"{line_url(instance.line)}?date={date}&shift={shift}"


def report_url(instance: ShiftInstance) -> str:
    """Address of a shift's report."""
    date, shift = quote(instance.production_date, safe=""), quote(instance.name, safe="")
    return f"{line_url(instance.line)}/shifts/{date}/{shift}"


def json_url(instance: ShiftInstance, revision: int | None = None) -> str:
    """Address of the same report as JSON."""
    asked = "" if revision is None else f"&revision={revision}"
    return f"/api/v1{report_url(instance)}/report?format=json{asked}"


@cache
def templates() -> Environment:
    """Return the pages' template environment; the report's templates are part of it."""
    env = environment(PackageLoader("oee.web"))
    env.filters |= {"stretches": stretches_svg, "axis": axis_svg, "bullet": bullet_svg}
    env.globals |= {
        "asset": asset_url,
        "style_urls": style_urls,
        "line_url": line_url,
        "reports_url": reports_url,
        "shift_url": shift_url,
        "report_url": report_url,
    }
    return env


def page_of(plant: PlantConfig, at: str, now_us: int, *, live: bool = False, age_s: int | None = None) -> Page:
    """Make the frame of a page.

    Parameters
    ----------
    at : which of the main places the page belongs to.
    now_us : the instant up to which its figures are told [µs UTC].
    age_s : age of the newest value shown [s], None where none was ever seen.
    """
    zone = zone_of(plant)
    return Page(
        plant=plant.plant.name,
        at=at,
        live=live,
        now=f.hhmmss(now_us, zone),
        zone_label=f.zone_label(now_us, zone),
        age="" if age_s is None else f"Data {f.age_words(age_s)} old",
        fresh=age_s is not None and age_s <= FRESH_S,
    )


def html_answer(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Render a page; a reader who has it already gets 304, who takes gzip gets a large one packed."""
    body = templates().get_template(template).render(**values).encode()
    packs = len(body) >= PACKED_BYTES and "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}{"-gzip" if packs else ""}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Cookie"}
    asked = request.headers.get("if-none-match", "")
    if status == 200 and etag in (tag.strip() for tag in asked.split(",")):
        return Response(status_code=304, headers=headers)
    if packs:
        body, headers["Content-Encoding"] = gzip.compress(body, 3, mtime=0), "gzip"
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def error_page(request: Request, head: str, text: str, status: int, plant: str = "OEE") -> Response:
    """Say what happened and what to do."""
    return html_answer(request, "error.html", status, page=Page(plant), head=head, text=text)


def login_page(plant: str, next_path: str, error: str | None) -> str:
    """Render the log-in form, which posts ``name``, ``password`` and ``next`` to ``/login``.

    Parameters
    ----------
    plant : name of the plant, the only thing that the page tells of it.
    next_path : where to go afterwards.
    error : one sentence on what was wrong, None at first.
    """
    return templates().get_template("login.html").render(page=Page(plant), next=next_path, error=error)
