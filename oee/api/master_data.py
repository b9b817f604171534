"""Master data by API: exceptions of calendars, targets of lines, products; each can be rehearsed first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.master_shapes import Exceptions, Products, Written, exception_items, product_item, written
from oee.api.params import Name, Query, parse_instant
from oee.api.problems import ProblemError, fault, invalid
from oee.compute.master_data import MasterData, Outcome, RefusedError
from oee.compute.master_data import Request as Writing
from oee.config.layers import ALWAYS_US
from oee.errors import NotFoundError
from oee.store.accounts import Principal, Role
from oee.store.times import FAR_US

_ENGINEERS = frozenset({Role.ENGINEER, Role.ADMIN})
_WRITE = ApiAccess(_ENGINEERS, "write")
_WRITE_PRODUCTS = ApiAccess(_ENGINEERS | {Role.MES}, "write")
_WRITE_RESPONSES = {status: said for status, said in READ_RESPONSES.items() if status != 304}
_WHEN = "`effective`: RFC 3339 with offset, or `always`. `why`: the reason, kept with the entry."
YEARS = range(1970, 2100)


class WriteQuery(Query):
    """How to write."""

    dry_run: bool = Field(False, description="Say which published shifts would change, and change nothing.")


Asked = Annotated[WriteQuery, fastapi.Query()]
Writer = Annotated[Principal, Depends(_WRITE)]
Day = Annotated[dt.date, fastapi.Path(description="The date whose list of shifts it concerns.")]


def master_data_router(master: MasterData) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/api/v1", tags=["Master data"])
    _exceptions(router, master)
    _targets(router, master)
    _products(router, master)
    return router


def _exceptions(router: APIRouter, master: MasterData) -> None:
    @router.get(
        "/calendars/{calendar}/exceptions",
        response_model=Exceptions,
        dependencies=[Depends(ApiAccess())],
        responses=READ_RESPONSES,
    )
    def exceptions(request: Request, calendar: Name) -> Response:
        """Exceptions of a calendar in force now; the author is null where the plant file says them."""
        plant = master.plant()
        if calendar not in plant.calendars:
            raise NotFoundError(f"there is no calendar {calendar!r}; there are {', '.join(plant.calendars)}")
        zone = ZoneInfo(plant.plant.timezone)
        found = exception_items(plant.calendars[calendar], master.entries("exception", calendar), zone)
        return json_answer(request, {"items": found})

    path = "/calendars/{calendar}/exceptions/{production_date}"

    @router.put(path, response_model=Written, responses=_WRITE_RESPONSES)
    def put_exception(
        request: Request,
        calendar: Name,
        production_date: Day,
        asked: Asked,
        who: Writer,
        body: Annotated[Any, Body(description=_EXCEPTION, examples=[{"closed": True, "name": "Holiday"}])],
    ) -> Response:
        """Say what a date is to be, whatever the plant file says of it. It reaches back."""
        listed = body if isinstance(body, list) else [body]
        said, whys = zip(*(_without_why(e) for e in listed), strict=True) if listed else ((), ())
        dated = [_dated(e, production_date) for e in said]
        why = next((w for w in whys if w is not None), None)
        writing = Writing("exception", calendar, dated, who.name, _in_years(production_date), why=why)
        return _answer(request, master, writing, asked, listed=isinstance(body, list))

    @router.delete(path, response_model=Written, responses=_WRITE_RESPONSES)
    def delete_exception(request: Request, calendar: Name, production_date: Day, asked: Asked, who: Writer) -> Response:
        """Take back what was written of a date: it is again what the plant file says."""
        writing = Writing("exception", calendar, None, who.name, _in_years(production_date))
        return _answer(request, master, writing, asked)


def _targets(router: APIRouter, master: MasterData) -> None:
    @router.put("/lines/{line}/targets", response_model=Written, responses=_WRITE_RESPONSES)
    def put_targets(
        request: Request,
        line: Name,
        asked: Asked,
        who: Writer,
        body: Annotated[Any, Body(description=_TARGETS, examples=[{"oee": 0.75, "availability": 0.9}])],
    ) -> Response:
        """Set a line's targets from an instant on; what is not named has none."""
        said, effective_us, why = _effective(body)
        writing = Writing("targets", line, said, who.name, effective_us=effective_us, why=why)
        return _answer(request, master, writing, asked)


def _products(router: APIRouter, master: MasterData) -> None:
    reads = [Depends(ApiAccess())]

    @router.get("/products", response_model=Products, dependencies=reads, responses=READ_RESPONSES)
    def products(request: Request) -> Response:
        """All products in force now, with the ideal cycle at each machine."""
        plant = master.plant()
        return json_answer(request, {"items": [product_item(plant, p) for p in plant.products.values()]})

    @router.put("/products/{product}", response_model=Written, responses=_WRITE_RESPONSES)
    def put_product(
        request: Request,
        product: Name,
        asked: Asked,
        who: Annotated[Principal, Depends(_WRITE_PRODUCTS)],
        body: Annotated[Any, Body(description=_PRODUCT, examples=[{"name": "Cola 0.5", "ideal_cycle_s": 5.75}])],
    ) -> Response:
        """Write a product from an instant on; one that is new holds from the beginning."""
        said, effective_us, why = _effective(body)
        writing = Writing("product", product, said, who.name, effective_us=effective_us, why=why)
        return _answer(request, master, writing, asked)


_EXCEPTION = (
    "One exception as in the plant file, or a list of them: `{closed: true}`, `{shifts: [early]}`, `{shift: late, "
    "cancelled: true}`, `{shift: early, start: '07:00', end: '15:00', breaks: []}`, each with a `name`; `[]` lifts "
    "what the file says. `why`: the reason, kept with the entry."
)
_TARGETS = f"`oee`, `availability`, `performance`, `quality` as ratios. {_WHEN} Without `effective`: from now on."
_PRODUCT = (
    "`name`, `unit`, `ideal_cycle_s` or `ideal_rate_per_h`, `machines`: `{MACHINE or LINE/MACHINE: {ideal_cycle_s: 5}}`"
    f" (those not named keep what the plant file says). {_WHEN} Without `effective`: a new one always, else from now."
)


def _answer(
    request: Request, master: MasterData, writing: Writing, asked: WriteQuery, *, listed: bool = False
) -> Response:
    try:
        outcome: Outcome = master.write(writing, dry_run=asked.dry_run)
    except RefusedError as error:
        refused = ProblemError(422, str(error))
        refused.errors = tuple(fault(_pointer(path, listed=listed), what) for path, what in error.faults)
        raise refused from None
    zone = ZoneInfo(master.plant().plant.timezone)
    return json_answer(request, written(outcome, zone))


def _pointer(path: tuple[str, ...], *, listed: bool) -> str:
    """A JSON pointer into the body."""
    if path and path[0].startswith("["):
        path = (path[0][1:-1], *path[1:]) if listed else path[1:]
    escaped = (part.replace("~", "~0").replace("/", "~1") for part in path)
    return "/".join(("/body", *escaped))


def _without_why(body: Any) -> tuple[dict[str, Any], str | None]:
    """A mapping less its reason; text that the database can't hold is refused."""
    if not isinstance(body, Mapping):
        raise invalid("/body", 'the body: must be an object such as {"closed": true}.')
    said = {str(key): value for key, value in body.items() if key != "why"}
    why = body.get("why")
    if why is not None and not (isinstance(why, str) and len(why) <= 1000 and why.isprintable()):
        raise invalid("/body/why", "why: write a text of up to 1000 letters.")
    return said, why


def _dated(exception: dict[str, Any], day: dt.date) -> dict[str, Any]:
    if exception.get("date", day.isoformat()) != day.isoformat():
        raise invalid("/body/date", f"date: the address says {day}; leave it out.")
    return {**exception, "date": day.isoformat()}


def _in_years(day: dt.date) -> dt.date:
    if day.year not in YEARS:
        raise invalid("/path/production_date", f"production_date: take a year from {YEARS[0]} to {YEARS[-1]}.")
    return day


def _effective(body: Any) -> tuple[dict[str, Any], int | None, str | None]:
    """A body less from when it holds [µs UTC, None: not said] and why."""
    said, why = _without_why(body)
    text = said.pop("effective", None)
    if text is None or text == "always":
        return said, None if text is None else ALWAYS_US, why
    try:
        effective_us = parse_instant(str(text))
    except ValueError as error:
        raise invalid("/body/effective", f"effective: {error}.") from None
    if effective_us >= FAR_US:
        raise invalid("/body/effective", "effective: take a year before 2100.")
    return said, effective_us, why
