"""The shift report in the formats that there are, and the revisions of a shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import answer, json_answer
from oee.api.documented import READ_RESPONSES, error_response
from oee.api.models import Revisions
from oee.api.not_yet import REPORT_FORMATS
from oee.api.params import MAX_REVISION, Name, OptionalName, Query
from oee.api.problems import ProblemError, invalid
from oee.model import ShiftResult
from oee.report.kpi import local_iso
from oee.source import ResultSource

_SHIFT = "/lines/{line}/shifts/{production_date}/{shift}"


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """One format of the report: its media type without parameters, and what renders it."""

    media_type: str
    render: Callable[[ShiftResult], str | bytes]


class ReportQuery(Query):
    """Which report."""

    format: OptionalName = Field(None, description="json, html …; without it, `Accept` decides.")
    machine: OptionalName = Field(None, description="One machine of the line; without it, the line as a whole.")
    revision: int | None = Field(
        None, ge=1, le=MAX_REVISION, description="A published revision; without it, the newest."
    )


def report_router(source: ResultSource, formats: Mapping[str, ReportFormat]) -> APIRouter:
    """Build the routes; the first format is the one for askers that take anything."""
    router = APIRouter(
        prefix="/api/v1", tags=["Shift reports"], dependencies=[Depends(ApiAccess())], responses=READ_RESPONSES
    )
    described: dict[int | str, dict[str, Any]] = {
        200: {"content": {f.media_type: {} for f in formats.values()}, "description": "The report."},
        406: error_response("None of the formats in Accept exists."),
        501: error_response("The format is not there yet in this version."),
    }

    @router.get(f"{_SHIFT}/report", response_class=Response, responses=described)
    def report(
        request: Request,
        line: Name,
        production_date: date,
        shift: Name,
        query: Annotated[ReportQuery, fastapi.Query()],
    ) -> Response:
        """The report of one shift: its newest revision, or the running figures."""
        chosen = choose(formats, query.format, request.headers.get("accept", "*/*"))
        result = source.shift(line, production_date.isoformat(), shift, query.machine, query.revision)
        content = chosen.render(result)
        return answer(request, content.encode() if isinstance(content, str) else content, chosen.media_type)

    @router.get(f"{_SHIFT}/revisions", response_model=Revisions)
    def revisions(request: Request, line: Name, production_date: date, shift: Name) -> Response:
        """When the figures of a shift were published anew, and why."""
        zone = ZoneInfo(source.plant().plant.timezone)
        items = [
            {
                "revision": r.revision,
                "status": r.status,
                "computed": local_iso(r.computed_us, zone),
                "cause": r.cause,
                "author": r.author,
            }
            for r in source.revisions(line, production_date.isoformat(), shift)
        ]
        return json_answer(request, {"items": items})

    return router


def choose(formats: Mapping[str, ReportFormat], name: str | None, accept: str) -> ReportFormat:
    """Choose by name (422 where there is none of it), or by an Accept header (406); 501 for one that is to come."""
    there_are = f"there are {', '.join(formats)}"
    to_come = {other: media for other, media in REPORT_FORMATS.items() if other not in formats}
    if name in to_come:
        raise ProblemError(501, f"The report as {name} is not there yet in this version; {there_are}.")
    if name is not None:
        if name not in formats:
            raise invalid("/query/format", f"format={name} is not available; {there_are}.")
        return formats[name]
    best = max(formats.values(), key=lambda f: _preference(f.media_type, accept))
    if _preference(best.media_type, accept) <= 0:
        for other in (o for o, media in to_come.items() if _preference(media, accept) > 0):
            raise ProblemError(501, f"The report as {other} is not there yet in this version; {there_are}.")
        raise ProblemError(406, f"The report is not available as {accept}; {there_are}.")
    return best


def _preference(media_type: str, accept: str) -> float:
    """How much a media type is wanted, 0 (not at all) to 1: the most specific range decides (RFC 9110, 12.5.1)."""
    ranks = {media_type: 3, f"{media_type.partition('/')[0]}/*": 2, "*/*": 1}
    best_rank, quality = 0, 0.0
    for part in accept.split(","):
        wanted, *parameters = (word.strip().lower() for word in part.split(";"))
        if ranks.get(wanted, 0) > best_rank:
            best_rank, quality = ranks[wanted], _quality(parameters)
    return quality


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
