"""``/api/v1/bookings``: scrap and rework that people and order systems book, and what reverses them (S-10)."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from oee.api.access import EVERY_ROLE, ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES, Responses, error_response
from oee.api.models import Shape, Timestamp
from oee.api.params import MAX_DAYS, Instant, Name, OptionalName, RangeQuery
from oee.api.problems import ProblemError, invalid
from oee.compute.booking_desk import BookingDesk
from oee.compute.booking_words import AlreadyReversed, BookingAsked, BookingTold
from oee.report.kpi import local_iso
from oee.source import ResultSource
from oee.store.accounts import Principal, Role

MAX_COUNT = 2**31 - 1
_BOOKS = ApiAccess(EVERY_ROLE - {Role.VIEWER}, "write")
_RESPONSES: Responses = {
    **{status: said for status, said in READ_RESPONSES.items() if status not in (304, 404)},
    409: error_response("The booking was reversed already."),
}


class BookingIn(BaseModel):
    """A booking: at a time, or in a shift that is named by date and name."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["scrap", "rework", "reversal"] = Field(
        description="scrap: good parts were rejects; rework: good parts are to be reworked; reversal: undoes a booking."
    )
    line: OptionalName = Field(None, description="May be left out by a reversal that names its booking.")
    machine: OptionalName = Field(
        None, description="Whose parts; without it, the machine that counts the line's good parts."
    )
    ts: Instant | None = Field(None, description="The newest parts made up to then are meant; or give date and shift.")
    date: OptionalName = Field(None, description="Production date of the shift, such as 2026-03-02.")
    shift: OptionalName = Field(None, description="Name of the shift that made the parts.")
    product: OptionalName = Field(None, description="Needed where several products were made.")
    count: Annotated[int, Field(strict=True, gt=0, le=MAX_COUNT)] | None = Field(
        None, description="Parts, above 0; a reversal undoes its booking whole."
    )
    reason: OptionalName = Field(None, description="Why, for those who read it later.")
    startup: bool = Field(False, description="Scrap of starting up: a loss of its own.")
    booking: Annotated[int, Field(strict=True, gt=0, le=2**62)] | None = Field(
        None, description="Of a reversal: the id of the booking; else the newest that says the same is reversed."
    )

    def asked(self) -> BookingAsked:
        """Check what belongs together (422)."""
        reversal = self.kind == "reversal"
        if self.booking is not None and not reversal:
            raise invalid("/body/booking", "booking: only a reversal names a booking; leave it out.")
        if self.startup and self.kind == "rework":
            raise invalid("/body/startup", "startup: only scrap can be scrap of starting up.")
        if not (reversal and self.booking is not None):
            self._check_words(count_needed=not reversal)
        said = self.model_dump(exclude={"ts"})
        return BookingAsked(ts_us=self.ts, **said)

    def _check_words(self, *, count_needed: bool) -> None:
        if self.line is None:
            raise invalid("/body/line", "line: is missing.")
        if count_needed and self.count is None:
            raise invalid("/body/count", "count: is missing; say how many parts, above 0.")
        named = self.date is not None and self.shift is not None
        neither = self.date is None and self.shift is None
        if (self.ts is None) == neither or (neither is False and not named):
            raise invalid("/body/ts", "ts: give either ts, or date and shift together.")


class Booking(Shape):
    """Scrap or rework that somebody booked, or the reversal of a booking."""

    id: int
    kind: str = Field(description="scrap, rework or reversal.")
    line: str
    machine: str = Field(description="Whose parts they are.")
    ts: Timestamp = Field(description="Where it sits: the time given, else where the product was last made.")
    production_date: str = Field(description="Of the shift, or off time, that made the parts.")
    shift: str
    product: str | None
    count: int
    startup: bool
    reason: str | None
    author: str
    entered: Timestamp
    booking: int | None = Field(description="Of a reversal: the booking that it undoes.")
    reversed_by: int | None = Field(description="The reversal that undid it, if any.")


class Bookings(Shape):
    """Bookings of a range, oldest first."""

    items: list[Booking]


class BookingQuery(RangeQuery):
    """Which bookings."""

    line: Name


def booking_router(source: ResultSource, desk: BookingDesk) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/api/v1", tags=["Bookings"])

    @router.post("/bookings", response_model=Booking, status_code=201, responses=_RESPONSES)
    def book(
        body: BookingIn,
        principal: Annotated[Principal, Depends(_BOOKS)],
        idempotency_key: Annotated[Name | None, Header(description="The same key books once, whatever comes.")] = None,
    ) -> Response:
        """Book scrap or rework, or reverse a booking; the shift that made the parts gets a new revision."""
        try:
            told = desk.take(body.asked(), principal.name, idempotency_key)
        except AlreadyReversed as error:
            raise ProblemError(409, f"{error}.") from error
        return JSONResponse(booking_item(told, _zone(source)), 201, {"Cache-Control": "no-store"})

    @router.get("/bookings", response_model=Bookings, responses=READ_RESPONSES, dependencies=[Depends(ApiAccess())])
    def bookings(request: Request, query: Annotated[BookingQuery, fastapi.Query()]) -> Response:
        """Bookings that sit in the range, the reversed ones too, in the order in which they were entered."""
        query.check(MAX_DAYS, "bookings")
        zone = _zone(source)
        found = desk.listed(query.line, query.from_us, query.to_us)
        return json_answer(request, {"items": [booking_item(b, zone) for b in found]})

    return router


def _zone(source: ResultSource) -> ZoneInfo:
    return ZoneInfo(source.plant().plant.timezone)


def booking_item(told: BookingTold, zone: ZoneInfo) -> dict[str, Any]:
    """Build the JSON object of one booking or reversal."""
    said = told.said
    return {
        "id": told.number,
        "kind": told.kind,
        "line": said["line"],
        "machine": said["machine"],
        "ts": local_iso(said["at_us"], zone),
        "production_date": said["date"],
        "shift": said["shift"],
        "product": said["product"],
        "count": said["count"],
        "startup": said["startup"],
        "reason": told.reason,
        "author": told.author,
        "entered": local_iso(told.entered_us, zone),
        "booking": told.booking,
        "reversed_by": told.reversed_by,
    }
