"""Streams that are counted: no asker has all of them, and together they leave room for those who ask once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from oee.api.capacity import Capacity
from oee.api.problems import RETRY_AFTER_S, ProblemError

Asker = tuple[str, ...]
"""Who asks, from where; many screens may share an account, and a proxy's address."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Places:
    """The streams that there may be at a time. Used on the event loop alone."""

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._taken = Counter[Asker]()

    @contextmanager
    def one(self, asker: Asker) -> Iterator[None]:
        """Hold a place while the context lasts.

        Raises
        ------
        ProblemError
            429 where the asker has all that it may have, 503 where all are taken.
        """
        retry = {"Retry-After": str(RETRY_AFTER_S)}
        if self._taken[asker] >= self.capacity.streams_each:
            raise ProblemError(429, f"You have {self.capacity.streams_each} streams open; close one.", headers=retry)
        if self._taken.total() >= self.capacity.streams:
            raise ProblemError(503, f"All {self.capacity.streams} streams are taken; try again later.", headers=retry)
        self._taken[asker] += 1
        try:
            yield
        finally:
            self._taken[asker] -= 1
            self._taken = +self._taken


class EventStream(StreamingResponse):
    """Server-sent events that hold a place from the first byte until either side ends them."""

    def __init__(self, content: AsyncIterator[str], places: Places, asker: Asker) -> None:
        super().__init__(content, headers=_HEADERS, media_type="text/event-stream")
        self._places, self._asker = places, asker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, or raise what `Places.one` does before anything was sent."""
        with self._places.one(self._asker):
            await super().__call__(scope, receive, send)
