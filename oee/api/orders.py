"""Orders: ``PUT /api/v1/orders/{id}``, ``:start``, ``:pause``, ``:finish``, and what became of them."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES, Responses, error_response
from oee.api.models import Shape, Timestamp
from oee.api.params import Instant, Name, OptionalName, Query
from oee.compute.orders import OrderDesk, OrderState
from oee.kernels.orders import EventKind, OrderEvent, Status
from oee.report.kpi import local_iso
from oee.source import ResultSource
from oee.store.accounts import Principal, Role
from oee.store.orders import Order

WRITES = ApiAccess(frozenset({Role.ENGINEER, Role.SUPERVISOR, Role.ADMIN, Role.MES}), "write")
_CONFLICT: Responses = {409: error_response("It does not fit what the order has done so far.")}
Writer = Annotated[Principal, Depends(WRITES)]


class OrderBody(BaseModel):
    """An order, as it is to be made."""

    model_config = ConfigDict(extra="forbid")

    line: Name
    product: Name = Field(description="An id of the plant's products.")
    quantity: int | None = Field(None, gt=0, le=10**12, strict=True, description="Pieces wanted.")
    name: OptionalName = None
    machine: OptionalName = Field(None, description="One machine of the line; without it, all of them.")


class OrderSaid(BaseModel):
    """When and where an order started, paused or finished."""

    model_config = ConfigDict(extra="forbid")

    ts: Instant | None = Field(None, description="RFC 3339 with offset, in the past too; without it, now.")
    line: OptionalName = Field(None, description="The order's own line.")
    machine: OptionalName = Field(None, description="One machine; without it, the order's, else all of the line's.")


class OrderQuery(Query):
    """Which orders."""

    line: OptionalName = None
    status: Status | None = None
    limit: int = Field(100, ge=1, le=1000)


class OrderEventItem(Shape):
    """One event of an order that holds; ``entry`` is the number by which it can be undone."""

    entry: int
    event: EventKind
    ts: Timestamp
    machine: str | None
    author: str


class OrderItem(Shape):
    """An order and what became of it."""

    id: str
    line: str
    machine: str | None
    product: str
    quantity: int | None
    name: str | None
    status: Status
    entry: int | None = Field(description="Of the event just told, else of the order as it was last written.")
    events: list[OrderEventItem]
    made_count: int | None = Field(description="Pieces counted, null in lists.")


class Orders(Shape):
    """The last written first."""

    items: list[OrderItem]


def order_router(source: ResultSource, desk: OrderDesk) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/api/v1", tags=["Orders"], responses=READ_RESPONSES)
    reads = [Depends(ApiAccess())]

    def item(state: OrderState, entry: int | None = None) -> dict[str, Any]:
        return order_item(state, ZoneInfo(source.plant().plant.timezone), entry)

    @router.get("/orders", response_model=Orders, dependencies=reads)
    def orders(request: Request, query: Annotated[OrderQuery, fastapi.Query()]) -> Response:
        """Orders, the last written first."""
        return json_answer(request, {"items": [item(s) for s in desk.all(query.line, query.status, query.limit)]})

    @router.get("/orders/{order}", response_model=OrderItem, dependencies=reads)
    def one_order(request: Request, order: Name) -> Response:
        """One order with the pieces made of it so far."""
        return json_answer(request, item(desk.one(order)))

    @router.put("/orders/{order}", response_model=OrderItem, responses=_CONFLICT)
    def put_order(request: Request, order: Name, body: OrderBody, writer: Writer) -> Response:
        """Write an order, or write it anew; the same again changes nothing."""
        wanted = Order(order, body.line, body.product, body.machine, body.quantity, body.name)
        return json_answer(request, item(desk.put(wanted, writer.name)))

    def say(request: Request, order: str, kind: EventKind, body: OrderSaid | None, writer: Principal) -> Response:
        said = body or OrderSaid.model_validate({})
        found = desk.say(order, kind, writer.name, at_us=said.ts, line=said.line, machine=said.machine)
        return json_answer(request, item(*found))

    @router.post("/orders/{order}:start", response_model=OrderItem, responses=_CONFLICT)
    def start(request: Request, order: Name, writer: Writer, body: OrderSaid | None = None) -> Response:
        """From then on the line's machines make this order and its product; what ran before ends."""
        return say(request, order, "start", body, writer)

    @router.post("/orders/{order}:pause", response_model=OrderItem, responses=_CONFLICT)
    def pause(request: Request, order: Name, writer: Writer, body: OrderSaid | None = None) -> Response:
        """From then on there is no order; it may start again. The product stays."""
        return say(request, order, "pause", body, writer)

    @router.post("/orders/{order}:finish", response_model=OrderItem, responses=_CONFLICT)
    def finish(request: Request, order: Name, writer: Writer, body: OrderSaid | None = None) -> Response:
        """From then on there is no order, and this one is over. The product stays."""
        return say(request, order, "finish", body, writer)

    return router


def order_item(state: OrderState, zone: ZoneInfo, entry: int | None = None) -> dict[str, Any]:
    """Build the JSON object of one order."""
    order = state.order
    return {
        "id": order.id,
        "line": order.line,
        "machine": order.machine,
        "product": order.product,
        "quantity": order.quantity,
        "name": order.name,
        "status": state.status,
        "entry": entry if entry is not None else order.entry,
        "events": [_event_item(e, zone) for e in state.events],
        "made_count": state.made_count,
    }


def _event_item(event: OrderEvent, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "entry": event.number,
        "event": event.kind,
        "ts": local_iso(event.at_us, zone),
        "machine": event.machine,
        "author": event.author,
    }
