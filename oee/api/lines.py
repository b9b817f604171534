"""Lines, what they are in, what they were in, and their shifts."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.models import Intervals, Line, Lines, LineState, Shifts
from oee.api.params import MAX_DAYS, MAX_FINE_DAYS, Name, OptionalName, RangeQuery
from oee.config.model import LineConfig
from oee.errors import NotFoundError
from oee.kernels.rollup import pools
from oee.model import Segment, ShiftInstance
from oee.report.kpi import local_iso, seconds
from oee.source import LineState as SourceState
from oee.source import MachineState, ResultSource


class IntervalQuery(RangeQuery):
    """Which intervals."""

    machine: OptionalName = Field(None, description="One machine of the line; without it, the line as a whole.")


class ShiftQuery(RangeQuery):
    """Which shifts."""

    line: Name


def line_router(source: ResultSource) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/api/v1", tags=["Lines"], dependencies=[Depends(ApiAccess())], responses=READ_RESPONSES)

    @router.get("/lines", response_model=Lines)
    def lines(request: Request) -> Response:
        """All lines, in the order of the plant file."""
        plant = source.plant()
        items = [_line_item(line, plant.plant.timezone) for line in plant.lines.values()]
        return json_answer(request, {"items": items})

    @router.get("/lines/{line}", response_model=Line)
    def one_line(request: Request, line: Name) -> Response:
        """One line with its machines and targets."""
        plant = source.plant()
        if line not in plant.lines:
            raise NotFoundError(f"there is no line {line!r}; there are {', '.join(plant.lines)}")
        return json_answer(request, _line_item(plant.lines[line], plant.plant.timezone))

    @router.get("/lines/{line}/state", response_model=LineState)
    def state(request: Request, line: Name) -> Response:
        """What the line and its machines are in now."""
        return json_answer(request, _state_item(source.state(line), _zone(source)))

    @router.get("/lines/{line}/intervals", response_model=Intervals)
    def intervals(request: Request, line: Name, query: Annotated[IntervalQuery, fastapi.Query()]) -> Response:
        """What the line or a machine was in, without gaps, over the range as far as it has elapsed."""
        query.check(MAX_FINE_DAYS, "intervals")
        zone = _zone(source)
        found = source.intervals(line, query.from_us, query.to_us, query.machine)
        return json_answer(request, {"items": [_interval_item(s, query.machine, zone) for s in found]})

    @router.get("/shifts", response_model=Shifts)
    def shifts(request: Request, query: Annotated[ShiftQuery, fastapi.Query()]) -> Response:
        """Shifts that overlap the range, those to come and cancelled ones too."""
        query.check(MAX_DAYS, "shifts")
        zone = _zone(source)
        found = source.instances(query.line, query.from_us, query.to_us)
        return json_answer(request, {"items": [_shift_item(i, zone) for i in found if i.planned or i.cancelled]})

    return router


def _zone(source: ResultSource) -> ZoneInfo:
    return ZoneInfo(source.plant().plant.timezone)


def _line_item(line: LineConfig, timezone: str) -> dict[str, Any]:
    targets = line.targets
    return {
        "id": line.id,
        "name": line.name,
        "timezone": timezone,
        "calendar": line.calendar,
        "method": line.rollup.method,
        "constraint": None if pools(line.rollup) else line.rollup.machine,
        "targets": {
            "oee": targets.oee,
            "availability": targets.availability,
            "performance": targets.performance,
            "quality": targets.quality,
        },
        "machines": [{"id": machine.id, "name": machine.name} for machine in line.machines.values()],
    }


def _common_state(state: SourceState | MachineState, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "category": state.category.word,
        "state": state.state,
        "reason": state.reason,
        "since": local_iso(state.since_us, zone),
        "alive": None if state.alive_us is None else local_iso(state.alive_us, zone),
    }


def _state_item(state: SourceState, zone: ZoneInfo) -> dict[str, Any]:
    machines = [{"machine": m.machine, **_common_state(m, zone)} for m in state.machines]
    return {"line": state.line, **_common_state(state, zone), "machines": machines}


def _interval_item(segment: Segment, machine: str | None, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "start": local_iso(segment.start_us, zone),
        "end": local_iso(segment.end_us, zone),
        "category": segment.category.word,
        "state": segment.state,
        "reason": segment.reason,
        "machine": machine or segment.machine,
        "open": segment.open,
    }


def _shift_item(instance: ShiftInstance, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "line": instance.line,
        "production_date": instance.production_date,
        "shift": instance.name,
        "team": instance.team,
        "start": local_iso(instance.start_us, zone),
        "end": local_iso(instance.end_us, zone),
        "length_s": seconds(instance.end_us - instance.start_us),
        "cancelled": instance.cancelled,
        "breaks": [
            {"start": local_iso(start_us, zone), "end": local_iso(end_us, zone), "name": name}
            for start_us, end_us, name in instance.breaks
        ],
    }
