"""``GET /api/v1/events``: small signals as they happen (server-sent events), so that nobody has to poll for news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any

import fastapi
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import Field
from starlette.responses import StreamingResponse

from oee.api.access import ApiAccess
from oee.api.documented import READ_RESPONSES, error_response
from oee.api.params import OptionalName, Query
from oee.api.streams import EventStream, Places
from oee.api.watch import Watcher, missed
from oee.errors import DatabaseUnavailable, NotFoundError
from oee.source import ResultSource
from oee.store.accounts import Principal

KEEP_ALIVE_S = 15.0
"""After so long without a signal a comment is sent: proxies cut silent connections."""
STREAM_S = 300.0
"""A stream ends after so long; browsers come back at once, and are asked again who they are."""
RETRY_MS = 2000
_ACCESS = ApiAccess()
_RESPONSES: dict[int | str, dict[str, Any]] = {
    **{status: text for status, text in READ_RESPONSES.items() if status != 304},
    200: {
        "description": "Signals until one side ends the stream.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    429: error_response("You have as many streams as one asker may have; see Retry-After."),
    503: error_response("All streams are taken, or the database can't be reached now; see Retry-After."),
}


class EventQuery(Query):
    """Which signals."""

    line: OptionalName = Field(None, description="Only this line; without it, all lines.")


def event_router(source: ResultSource, watcher: Watcher, places: Places) -> APIRouter:
    """Build the route."""
    router = APIRouter(prefix="/api/v1", tags=["Events"])

    @router.get("/events", response_class=StreamingResponse, responses=_RESPONSES)
    def events(
        request: Request,
        query: Annotated[EventQuery, fastapi.Query()],
        principal: Annotated[Principal, Depends(_ACCESS)],
    ) -> EventStream:
        """Signals as they happen: ask for the figures again when one arrives.

        * `state`: a machine is in another state. `{"line": "line-1", "machine": "filler"}`
        * `shift`: the live figures were computed anew. `{"line": "line-1"}`
        * `revision`: a shift was published, anew or as final. `{"line": "line-1", "production_date": "2026-03-02",
          "shift": "early", "revision": 2, "status": "provisional"}`
        * `reset`: more was published at once, or since the id that was sent, than is told one by one (1000 revisions):
          read `/api/v1/revisions` from where you stopped, or all that you show. `{"read": "/api/v1/revisions"}`

        Each signal has an `id`. Send the last one as `Last-Event-ID` (browsers do) to be told what changed since; a
        signal may come twice, and what is not told one by one is told as `reset`. A comment comes every 15 s without
        news. The stream ends after five minutes or when the service stops: connect again.
        """
        if query.line is not None and query.line not in source.plant().lines:
            raise NotFoundError(f"there is no line {query.line!r}; there are {', '.join(source.plant().lines)}")
        stream = signals(watcher, query.line, last_id(request.headers.get("last-event-id", "")))
        address = request.client.host if request.client else ""
        return EventStream(stream, places, (principal.kind, principal.name, address))

    return router


def last_id(text: str) -> int | None:
    """Read the id that a browser saw last; what is none of ours is as good as none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


async def signals(watcher: Watcher, line: str | None, since: int | None) -> AsyncIterator[str]:
    """Write the stream of one listener."""
    ends_s = monotonic() + STREAM_S
    yield f"retry: {RETRY_MS}\n\n"
    with watcher.listening() as listener:
        if since is not None:
            try:
                first = await asyncio.to_thread(missed, watcher.source, since, watcher.now_us())
            except DatabaseUnavailable:
                return  # the browser comes back with the same id
            listener.tell(first)
        told_s = monotonic()
        while (now_s := monotonic()) < ends_s:
            try:
                batch = await asyncio.wait_for(listener.queue.get(), min(told_s + KEEP_ALIVE_S, ends_s) - now_s)
            except TimeoutError:
                yield ": still here\n\n"
                told_s = monotonic()
                continue
            if batch is None:
                return
            if text := batch.text(line):
                yield text
                told_s = monotonic()


def end_streams(app: FastAPI) -> None:
    """Let all streams of an application end: its server stops, and would wait for them."""
    watcher = getattr(app.state, "watcher", None)
    if isinstance(watcher, Watcher):
        watcher.close()
