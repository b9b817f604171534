"""For whoever operates the service: is it alive, is it ready, and its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oee.api.access import OperatorAccess, public
from oee.api.problems import RETRY_AFTER_S, problem
from oee.errors import OeeError

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class HealthSource(Protocol):
    """What the service knows of its own health. Any method may raise `DatabaseUnavailable`."""

    def not_ready(self) -> str | None:
        """Why requests can't be served now (database away, migrations missing), or None. Silent devices don't count."""

    def data_age_s(self) -> Mapping[str, float | None]:
        """Per line, how old the newest proof of life is [s], None where there never was one."""

    def ledger_backlog_count(self) -> int:
        """How many computations are due."""


class HealthCollector(Collector):
    """Gauges that are read at each scrape."""

    def __init__(self, health: HealthSource) -> None:
        self._health = health

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: otherwise registering would already ask the database."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Say whether the service is ready, and, if it is, how fresh its data are."""
        try:
            ready = self._health.not_ready() is None
            gauges = self._gauges() if ready else []
        except OeeError:
            ready, gauges = False, []
        yield GaugeMetricFamily("oee_ready", "1 while requests can be served.", value=float(ready))
        yield from gauges

    def _gauges(self) -> list[GaugeMetricFamily]:
        age = GaugeMetricFamily("oee_data_age_seconds", "Age of the newest proof of life of a line.", labels=["line"])
        for line, age_s in self._health.data_age_s().items():
            if age_s is not None:
                age.add_metric([line], age_s)
        backlog = self._health.ledger_backlog_count()
        return [age, GaugeMetricFamily("oee_ledger_backlog", "Computations that are due.", value=backlog)]


class Metrics:
    """The metrics of one application, in a registry of their own; ``listeners`` counts the open event streams."""

    def __init__(self, health: HealthSource, listeners: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(HealthCollector(health))
        labels = ["method", "route", "status"]
        self.requests = Counter("oee_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "oee_http_request_seconds", "Time to answer.", labels[:2], registry=self.registry, buckets=_BUCKETS_S
        )
        streams = Gauge("oee_event_streams", "Open streams of /api/v1/events.", registry=self.registry)
        streams.set_function(listeners)


class MeasureRequests:
    """Middleware: counts and times requests by route, never by address, so that the number of series stays small."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, noting status and time."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started, status, streams = time.perf_counter(), 500, False

        async def send_noted(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            if not streams:  # a stream lasts as long as its reader stays
                self._metrics.seconds.labels(method, route).observe(time.perf_counter() - started)


def operating_router(health: HealthSource, metrics: Metrics) -> APIRouter:
    """Build ``/livez``, ``/readyz`` and ``/metrics``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez", dependencies=[Depends(public)])
    async def livez() -> Response:
        return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})

    @router.get("/readyz", dependencies=[Depends(public)])
    def readyz(request: Request) -> Response:
        why = health.not_ready()
        if why is not None:
            return problem(request, 503, why, headers={"Retry-After": str(RETRY_AFTER_S)})
        return JSONResponse({"status": "ready"}, headers={"Cache-Control": "no-store"})

    @router.get("/metrics", dependencies=[Depends(OperatorAccess())])
    def prometheus() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
