"""``GET /api/v1/revisions``: what was published anew, for whoever keeps a copy of the figures."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.models import Changes
from oee.api.params import Instant, OptionalName, Query, decode_cursor, encode_cursor
from oee.report.kpi import local_iso
from oee.source import Change, ResultSource

MAX_LIMIT = 1000


class ChangeQuery(Query):
    """Which revisions."""

    since_us: Instant | None = Field(
        None, alias="since", description="Computed at or after this instant; without it, all."
    )
    line: OptionalName = Field(None, description="One line; without it, all lines.")
    limit: int = Field(100, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(
        None,
        max_length=1000,
        description="`next` or `resume` of an answer before; `since` and `line` stay as they were.",
    )

    @property
    def identity(self) -> tuple[object, ...]:
        """What a cursor is bound to."""
        return ("revisions", self.line, self.since_us)


def change_router(source: ResultSource) -> APIRouter:
    """Build the route."""
    router = APIRouter(
        prefix="/api/v1", tags=["Figures"], dependencies=[Depends(ApiAccess())], responses=READ_RESPONSES
    )

    @router.get("/revisions", response_model=Changes)
    def revisions(request: Request, query: Annotated[ChangeQuery, fastapi.Query()]) -> Response:
        """Published revisions of shifts, oldest first; a page may end where new ones go on later."""
        after = decode_cursor(query.cursor, query.identity)[0] if query.cursor else 0
        found = source.changes(query.line, query.since_us or 0, after, query.limit + 1)
        shown = found[: query.limit]
        resume = encode_cursor((shown[-1].number, "", ""), query.identity) if shown else query.cursor
        zone = ZoneInfo(source.plant().plant.timezone)
        items = [_change_item(c, zone) for c in shown]
        following = resume if len(found) > len(shown) else None
        return json_answer(request, {"items": items, "next": following, "resume": resume})

    return router


def _change_item(change: Change, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "line": change.line,
        "machine": change.machine,
        "production_date": change.production_date,
        "shift": change.shift,
        "revision": change.revision,
        "status": change.status,
        "computed": local_iso(change.computed_us, zone),
        "cause": change.cause,
        "author": change.author,
        "kpi_id": change.kpi_id,
    }
