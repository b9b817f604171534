"""``GET /api/v1/lines/{id}/health``: where data come from and what ails them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.models import Shape, Timestamp
from oee.api.params import Name
from oee.live_source import DataHealthSource
from oee.model import US_PER_S
from oee.report.health import line_health_json
from oee.source import ResultSource


class SourceHealth(Shape):
    """What brings a machine's signals."""

    source: str = Field(description="Id of the connector; `import` where there is none.")
    kind: str = Field(description="opcua, modbus or import.")
    status: str = Field(description="up; silent: was alive, and is not now; never: has not answered yet.")
    alive: Timestamp | None = Field(description="Newest proof that the machine is alive.")
    reported: Timestamp | None = Field(description="Newest report of the collector, of a dead machine too.")


class SignalHealth(Shape):
    """A signal and its newest value."""

    signal: str
    source: str
    address: str | None
    value: str | None = Field(description="The machine's own word or number; null where it is bad or never came.")
    changed: Timestamp | None = Field(description="Since when it has this value.")
    good: bool = Field(description="The newest value came with good quality.")
    needed_for: list[str] = Field(description="Indicators that are unknown or wrong without it.")


class Gap(Shape):
    """A stretch known to be missing."""

    source: str
    start: Timestamp
    end: Timestamp | None = Field(description="null: still open.")
    reason: str
    filled_s: float = Field(description="How much of it an import has filled in since.")


class Decision(Shape):
    """What the rules of counters decided at one sample."""

    at: Timestamp
    signal: str
    kind: str
    amount: str
    why: str


class UnmappedState(Shape):
    """A state that the profile does not know; its time is no data."""

    state: str
    length_s: float
    last: Timestamp


class MachineHealth(Shape):
    """The health of one machine's data."""

    machine: str
    sources: list[SourceHealth]
    signals: list[SignalHealth]
    gaps: list[Gap]
    counter_decisions: list[Decision]
    unmapped_states: list[UnmappedState]


class LineHealth(Shape):
    """Data health over the running shift as far as it has elapsed; outside shifts, over the off time."""

    line: str
    start: Timestamp
    end: Timestamp
    coverage: float | None = Field(description="Share of the planned time with data; null without planned time.")
    machines: list[MachineHealth]


def data_health_router(source: ResultSource, health: DataHealthSource) -> APIRouter:
    """Build the route."""
    router = APIRouter(prefix="/api/v1", tags=["Lines"], dependencies=[Depends(ApiAccess())], responses=READ_RESPONSES)

    @router.get("/lines/{line}/health", response_model=LineHealth)
    def line_health(request: Request, line: Name) -> Response:
        """Where the data of a line come from, how old they are, what is missing, and what counters decided."""
        zone = ZoneInfo(source.plant().plant.timezone)
        found = health.line_health(line)
        found = replace(found, to_us=found.to_us - found.to_us % US_PER_S)  # told by the second, or no ETag would hold
        item: dict[str, Any] = line_health_json(found, source.current(line), zone)
        return json_answer(request, item)

    return router
