"""The web application, put together: API, log-in, pages, operation and documentation behind one gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from oee.api import problems
from oee.api.access import AccountBook, Gate, LoginNeeded, PageAccess, login_address
from oee.api.capacity import own_capacity
from oee.api.changes import change_router
from oee.api.data_health import data_health_router
from oee.api.docs import docs_router
from oee.api.events import event_router
from oee.api.explain import explain_router
from oee.api.headers import BodyLimit, SecurityHeaders
from oee.api.kpis import kpi_router
from oee.api.lines import line_router
from oee.api.login import LoginPage, login_router
from oee.api.not_yet import not_yet_router
from oee.api.operating import HealthSource, MeasureRequests, Metrics, operating_router
from oee.api.params import refuse_stray_query
from oee.api.reports import ReportFormat, report_router
from oee.api.stops import stop_router
from oee.api.streams import Places
from oee.api.watch import Watcher
from oee.evidence import EvidenceSource
from oee.live_source import ChangeSource, DataHealthSource
from oee.source import ResultSource

_DESCRIPTION = """\
Availability, performance, quality and OEE of lines and machines, with everything that they are made of.

Times are RFC 3339 with an offset, ranges include their start and exclude their end, durations end in _s (seconds), \
ratios are 0 to 1 and raw, unknown values are null. Answers carry an ETag; send it back as If-None-Match to get 304 \
while nothing changed; listen to GET /api/v1/events to be told when to ask again. Errors are \
application/problem+json (RFC 9457).

Send a key as Authorization: Bearer KEY; oee key add makes one. While neither an account nor a key exists, this \
machine itself needs none."""


def create_app(
    source: ResultSource,
    accounts: AccountBook,
    *,
    health: HealthSource,
    data_health: DataHealthSource,
    changes: ChangeSource,
    evidence: EvidenceSource,
    reports: Mapping[str, ReportFormat],
    render_login: LoginPage,
    pages: Sequence[APIRouter] = (),
    writing: Sequence[APIRouter] = (),
    static: Mapping[str, Path] | None = None,
    cookie_secure: bool = False,
) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    source : where all figures come from.
    accounts : who may come in.
    health : readiness and the gauges of ``/metrics``.
    data_health : where data come from and what ails them.
    changes : what those are told who listen to ``/api/v1/events``.
    evidence : what results came from.
    reports : formats of the shift report by name; the first is for askers that take anything.
    render_login : makes the log-in page of (next path, error or None).
    pages : routers of pages; every role may open them, who isn't logged in is sent to the log-in.
    writing : further routers of the API: those that change something.
    static : folders that anybody may read, by the path under which they appear, such as ``/static``.
    cookie_secure : the service is reached by https only (behind a proxy that ends TLS).
    """
    app = FastAPI(
        title="OEE data service",
        version=version("oee"),
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.gate = Gate(accounts, cookie_secure)
    watcher = app.state.watcher = Watcher(changes, source.now_us)
    metrics = Metrics(health, lambda: watcher.listener_count)
    routers = (kpi_router, line_router, stop_router, change_router)
    for router in (*(build(source) for build in routers), report_router(source, reports)):
        app.include_router(router)
    app.include_router(explain_router(evidence))
    app.include_router(data_health_router(source, data_health))
    places = app.state.places = Places(own_capacity())
    app.include_router(event_router(source, watcher, places))
    for router in writing:
        app.include_router(router, dependencies=[Depends(refuse_stray_query)])
    app.include_router(not_yet_router())
    app.include_router(login_router(render_login))
    app.include_router(operating_router(health, metrics))
    app.include_router(docs_router(app))
    for router in pages:
        app.include_router(router, dependencies=[Depends(PageAccess())])
    for path, folder in (static or {}).items():
        app.mount(path, StaticFiles(directory=folder))
    _wrap(app, metrics)
    return app


def _wrap(app: FastAPI, metrics: Metrics) -> None:
    """Add what surrounds every route; what is added last is outermost."""
    problems.install(app)
    login_needed: Any = _to_login
    app.add_exception_handler(LoginNeeded, login_needed)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(MeasureRequests, metrics=metrics)


async def _to_login(_: Request, needed: LoginNeeded) -> Response:
    return RedirectResponse(login_address(needed.next_path), 303, {"Cache-Control": "no-store"})
