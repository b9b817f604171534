"""``GET /api/v1/stops``: the standstills that were longer than a small stop, machine by machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.models import Stops
from oee.api.params import MAX_FINE_DAYS, Name, OptionalName, RangeQuery
from oee.config.model import PlantConfig, ReasonConfig
from oee.corrections import StopName
from oee.errors import NotFoundError
from oee.model import Spoken
from oee.report.kpi import local_iso, seconds
from oee.source import LineStop, ResultSource


class StopQuery(RangeQuery):
    """Which stops."""

    line: Name
    machine: OptionalName = Field(None, description="One machine; without it, the stops that are the line's.")


def stop_router(source: ResultSource) -> APIRouter:
    """Build the route."""
    router = APIRouter(prefix="/api/v1", tags=["Lines"], dependencies=[Depends(ApiAccess())], responses=READ_RESPONSES)

    @router.get("/stops", response_model=Stops)
    def stops(request: Request, query: Annotated[StopQuery, fastapi.Query()]) -> Response:
        """Stops that overlap the range, whole as they are known now."""
        query.check(MAX_FINE_DAYS, "stops")
        found = source.stops(query.line, query.from_us, query.to_us, query.machine)
        return json_answer(request, {"items": stop_items(found, source.plant())})

    return router


def stop_id(line: str, machine: str, start_us: int) -> str:
    """The id of a stop: whose it is, and when it began."""
    return f"{line}~{machine}~{start_us}"


def stop_name(text: str) -> StopName:
    """What an id names.

    Raises
    ------
    NotFoundError
        No stop ever had such an id.
    """
    line, _, rest = text.partition("~")
    machine, _, start = rest.partition("~")
    if not (line and machine and text.isprintable() and re.fullmatch(r"\d{1,15}|\d{16}", start, re.ASCII)):
        raise NotFoundError(f"there is no stop {text!r}; take the `id` of one that is listed")
    return StopName(line, machine, int(start))


def stop_items(found: Iterable[LineStop], plant: PlantConfig) -> list[dict[str, Any]]:
    """Build the JSON objects of stops, in plant time, with the names of reasons as they are now."""
    zone, names = ZoneInfo(plant.plant.timezone), reason_names(plant.reasons)
    return [_stop_item(s, zone, names) for s in found]


def reason_names(reasons: Iterable[ReasonConfig]) -> dict[str, str]:
    """Names of a tree of reasons by code."""
    return {code: name for r in reasons for code, name in ((r.code, r.name), *reason_names(r.children).items())}


def _stop_item(found: LineStop, zone: ZoneInfo, names: Mapping[str, str]) -> dict[str, Any]:
    stop, instance = found.stop, found.instance
    spoken = stop.spoken or Spoken()
    return {
        "id": stop_id(found.line, found.machine, stop.start_us),
        "line": found.line,
        "machine": found.machine,
        "start": local_iso(stop.start_us, zone),
        "end": None if stop.end_us is None else local_iso(stop.end_us, zone),
        "category": stop.category.word,
        "reason": stop.reason,
        "reason_name": names.get(stop.reason or ""),
        "reason_by": next((by for code, by in spoken.reasons if code is not None and code == stop.reason), None),
        "note": spoken.note,
        "length_s": seconds(stop.length_us),
        "in_window_s": seconds(stop.in_window_us),
        "open": stop.end_us is None,
        "counted": stop.counted,
        "production_date": instance.production_date if instance else None,
        "shift": instance.name if instance else None,
    }
