"""``GET …/explain``: what a result came from, and that it adds up (S-53)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import fastapi
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from oee.api.access import ApiAccess
from oee.api.answers import json_answer
from oee.api.documented import READ_RESPONSES
from oee.api.explain_models import Explanation
from oee.api.params import MAX_REVISION, Name, OptionalName, Query
from oee.evidence import EvidenceSource
from oee.report.explain import explain
from oee.report.explain_json import explanation_json

KpiId = Annotated[str, fastapi.Path(max_length=2000, description="The `id` of an item; names in it may have slashes.")]


class ExplainQuery(Query):
    """Which result of a shift."""

    machine: OptionalName = Field(None, description="One machine of the line; without it, the line as a whole.")
    revision: int | None = Field(
        None, ge=1, le=MAX_REVISION, description="A published revision; without it, the newest."
    )


def explain_router(source: EvidenceSource) -> APIRouter:
    """Build the routes."""
    router = APIRouter(
        prefix="/api/v1", tags=["Explanations"], dependencies=[Depends(ApiAccess())], responses=READ_RESPONSES
    )

    @router.get("/lines/{line}/shifts/{production_date}/{shift}/explain", response_model=Explanation)
    def of_shift(
        request: Request,
        line: Name,
        production_date: date,
        shift: Name,
        query: Annotated[ExplainQuery, fastapi.Query()],
    ) -> Response:
        """Where the figures of one shift come from: its newest revision, or the running figures.

        Segments, counts, stops, counter decisions, rules and the configuration in force, each figure's formula with
        its exact inputs, what every revision changed, and `sums`: everything adds up to the result, exactly.
        An old revision is explained from what was stored with it and by the configuration that it names.
        """
        found = source.of_shift(line, production_date.isoformat(), shift, query.machine, query.revision)
        return json_answer(request, explanation_json(explain(found)))

    @router.get("/kpis/{kpi:path}/explain", response_model=Explanation)
    def of_kpi(request: Request, kpi: KpiId) -> Response:
        """Where the figures with this `id` come from, as GET /kpis answered it.

        Days, weeks and months are explained by their shifts (`parts`), free windows by their hours (32 days at most),
        rows of products and orders by their own segments and counts.
        """
        return json_answer(request, explanation_json(explain(source.of_kpi(kpi))))

    return router
