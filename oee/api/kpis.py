"""``GET /api/v1/kpis``: the figures, in the windows that the asker wants."""

from __future__ import annotations

import dataclasses
from typing import Annotated
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.models import KpiPage
from oee.api.params import (
    MAX_DAYS,
    MAX_FINE_DAYS,
    NO_CURSOR,
    Name,
    OptionalName,
    RangeQuery,
    decode_cursor,
    encode_cursor,
)
from oee.api.problems import invalid
from oee.model import ShiftResult
from oee.report.kpi import kpi_item
from oee.source import ResultSource

GROUPS = ("none", "hour", "shift", "day", "week", "month", "product", "order")
FINE_GROUPS = ("hour", "product", "order")
"""Told from the facts themselves, not from stored results: ranges are shorter."""
MAX_LIMIT = 1000
LAST = "\U0010ffff"
"""After all names: where the row stands that has none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One item: a result, and the product or order that it is the share of."""

    result: ShiftResult
    product: str | None = None
    order: str | None = None

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in the list; the window's own start is cut by nothing but the range."""
        instance = self.result.instance
        name = instance.name or self.product or self.order or LAST
        return self.result.window.start_us, instance.production_date, name


class KpiQuery(RangeQuery):
    """What to compute, over which windows."""

    line: Name
    machine: OptionalName = Field(None, description="One machine of the line; without it, the line as a whole.")
    group_by: str = Field(
        "none",
        json_schema_extra={"enum": list(GROUPS)},
        description="none: one item over the range; hour: local clock hours, cut at shift edges; "
        "shift, day, week (Monday first), month: whole ones that start in the range; product, order: rows that sum to "
        "the whole range, a null row for time that belongs to none.",
    )
    limit: int = Field(100, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(
        None, max_length=1000, description="`next` of the page before; all other parameters stay as they were."
    )

    def check_all(self) -> None:
        """Refuse groups and ranges that can't be taken (422)."""
        if self.group_by not in GROUPS:
            raise invalid("/query/group_by", f"group_by: use one of {', '.join(GROUPS)}.")
        self.check(MAX_FINE_DAYS if self.group_by in FINE_GROUPS else MAX_DAYS, f"group_by={self.group_by}")

    @property
    def identity(self) -> tuple[object, ...]:
        """What a cursor is bound to."""
        return (self.line, self.machine, self.from_us, self.to_us, self.group_by)


def kpi_router(source: ResultSource) -> APIRouter:
    """Build the route."""
    router = APIRouter(prefix="/api/v1", tags=["Figures"], dependencies=[Depends(ApiAccess())])

    @router.get("/kpis", response_model=KpiPage, responses=READ_RESPONSES)
    def kpis(request: Request, query: Annotated[KpiQuery, fastapi.Query()]) -> Response:
        """OEE and everything under it, for a line or one of its machines."""
        query.check_all()
        results, following = page(source, query)
        zone = ZoneInfo(source.plant().plant.timezone)
        return json_answer(
            request, {"items": [kpi_item(r.result, zone, r.product, r.order) for r in results], "next": following}
        )

    return router


def page(source: ResultSource, query: KpiQuery) -> tuple[list[Row], str | None]:
    """Return at most ``limit`` results and the cursor of the page after them."""
    after = decode_cursor(query.cursor, query.identity) if query.cursor else None
    if after is not None and not query.from_us <= after[0] < query.to_us:
        raise invalid("/query/cursor", NO_CURSOR)
    # Everything before the cursor needs no computing again: windows are found by their start.
    from_us = query.from_us if after is None else max(query.from_us, after[0])
    found = sorted(_rows(source, query, from_us), key=lambda row: row.place)
    rest = [r for r in found if after is None or r.place > after]
    results = rest[: query.limit]
    more = len(rest) > len(results)
    return results, encode_cursor(results[-1].place, query.identity) if more else None


def _rows(source: ResultSource, query: KpiQuery, from_us: int) -> list[Row]:
    if query.group_by == "product":
        found = source.by_product(query.line, from_us, query.to_us, "product", query.machine)
        return [Row(result, product=name) for name, result in found]
    if query.group_by == "order":
        found = source.by_product(query.line, from_us, query.to_us, "order", query.machine)
        return [Row(result, order=name) for name, result in found]
    return [Row(result) for result in _results(source, query, from_us)]


def _results(source: ResultSource, query: KpiQuery, from_us: int) -> list[ShiftResult]:
    window = query.line, from_us, query.to_us, query.machine
    if query.group_by == "none":
        return [source.window(*window)]
    if query.group_by == "hour":
        return source.hours(*window)
    if query.group_by in ("day", "week", "month"):
        whole_days = {"day": source.days, "week": source.weeks, "month": source.months}[query.group_by]
        return [_nameless(period) for period in whole_days(*window)]
    # Off time belongs to its day, but is no shift: somebody who asks for shifts wants those that have a name.
    return [r for r in source.shifts(*window) if r.instance.planned or r.instance.cancelled]


def _nameless(period: ShiftResult) -> ShiftResult:
    """A day, week or month is no shift, whichever instance its result was made from."""
    return dataclasses.replace(period, instance=dataclasses.replace(period.instance, name=""))
