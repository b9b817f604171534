"""``GET /api/v1/stops``: the standstills that were longer than a small stop, machine by machine."""

from __future__ import annotations

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
        zone = ZoneInfo(source.plant().plant.timezone)
        found = source.stops(query.line, query.from_us, query.to_us, query.machine)
        return json_answer(request, {"items": [stop_item(s, zone) for s in found]})

    return router


def stop_id(line: str, machine: str, start_us: int) -> str:
    """The id of a stop: whose it is, and when it began."""
    return f"{line}~{machine}~{start_us}"


def stop_item(found: LineStop, zone: ZoneInfo) -> dict[str, Any]:
    """Build the JSON object of one stop."""
    stop, instance = found.stop, found.instance
    return {
        "id": stop_id(found.line, found.machine, stop.start_us),
        "line": found.line,
        "machine": found.machine,
        "start": local_iso(stop.start_us, zone),
        "end": None if stop.end_us is None else local_iso(stop.end_us, zone),
        "category": stop.category.word,
        "reason": stop.reason,
        "length_s": seconds(stop.length_us),
        "in_window_s": seconds(stop.in_window_us),
        "open": stop.end_us is None,
        "counted": stop.counted,
        "production_date": instance.production_date if instance else None,
        "shift": instance.name if instance else None,
    }
