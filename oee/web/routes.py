"""Addresses of the pages. Routes are plain functions: FastAPI runs them in its thread pool, as reading may block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from oee.errors import DatabaseUnavailable, InputError, NotFoundError, OeeError
from oee.live_source import DataHealthSource
from oee.source import ResultSource
from oee.web import content
from oee.web.render import error_page, html_answer

Make = Callable[[ResultSource], Response]
Revision = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


def pages(source_of: Callable[[Request], ResultSource], health: DataHealthSource) -> APIRouter:
    """Make the router of all pages.

    Parameters
    ----------
    source_of : gives the results that a request may read; it may raise what the application turns into an answer.
    health : where data come from and what ails them.
    """
    router = APIRouter(include_in_schema=False, default_response_class=Response)

    def answer(request: Request, make: Make) -> Response:
        try:
            return make(source_of(request))
        except (NotFoundError, InputError, DatabaseUnavailable) as error:
            return _failed(request, error)

    def page(request: Request, gather: Callable[[ResultSource], content.Content]) -> Response:
        def shown(source: ResultSource) -> Response:
            made = gather(source)
            return html_answer(request, made.template, **made.values)

        return answer(request, shown)

    @router.get("/")
    def overview(request: Request, sort: str = "help") -> Response:
        return page(request, lambda source: content.overview_page(source, sort))

    @router.get("/lines")
    def lines(request: Request) -> Response:
        return answer(request, lambda source: RedirectResponse(content.first_line_url(source), 307))

    @router.get("/lines/{line}")
    def line(request: Request, line: str, date: str = "", shift: str = "") -> Response:
        return page(request, lambda source: content.line_page(source, health, line, date, shift))

    @router.get("/lines/{line}/shifts/{date}/{shift}")
    def report(request: Request, line: str, date: str, shift: str, revision: Revision = None) -> Response:
        return page(request, lambda source: content.report_page(source, health, line, date, shift, revision))

    @router.get("/health")
    def data_health(request: Request) -> Response:
        return page(request, lambda source: content.health_page(source, health))

    @router.get("/tv/{line}")
    def board(request: Request, line: str) -> Response:
        text = f"The board of {line} for a screen in the hall is not there yet in this version."
        return error_page(request, "Not there yet.", text, 501)

    @router.get("/reports")
    def reports(request: Request, line: str = "", by: str = "shift") -> Response:
        return page(request, lambda source: content.reports_page(source, line, by))

    return router


def _failed(request: Request, error: OeeError) -> Response:
    """Say what happened and what to do."""
    if isinstance(error, NotFoundError):
        return error_page(request, "Not found.", str(error), 404)
    if isinstance(error, InputError):
        return error_page(request, "This can't be shown.", str(error), 422)
    text = "Nothing is lost, readings are kept and stored later. Load this page again in a minute."
    return error_page(request, "The database can't be reached.", text, 503)
