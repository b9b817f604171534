"""One connection of the server: refused while there are too many, and let go by who keeps it without use."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from oee.api import capacity
from oee.api.problems import MEDIA_TYPE, RETRY_AFTER_S

_BODY = json.dumps(
    {
        "type": "urn:oee:problem:unavailable",
        "title": "Not available now",
        "status": 503,
        "detail": "Too many connections are open; try again shortly.",
    }
).encode()
_REFUSAL = (
    f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(_BODY)}\r\n"
    f"Retry-After: {RETRY_AFTER_S}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
).encode() + _BODY


class Connection(H11Protocol):
    """uvicorn's connection, bounded: without this, peers that send or read nothing use up all files of the process.

    At ``limit_concurrency`` connections a further one is refused before it is read. A request must arrive within
    `capacity.REQUEST_S`, an answer be taken within `capacity.SEND_S`.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._unread: asyncio.TimerHandle | None = None
        self._unasked: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or say that there are too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # paused while a single byte waits for the reader
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            transport.write(_REFUSAL)
            transport.close()
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        for timer in (self._unread, self._unasked):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        self._expect_request()

    def _expect_request(self) -> None:
        """Bound the time between the first byte of a request (or the connection) and its last."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            if self._unasked is not None:
                self._unasked.cancel()
            self._unasked = None
        elif self._unasked is None:
            self._unasked = self.loop.call_later(capacity.REQUEST_S, self.transport.abort)

    def pause_writing(self) -> None:
        """Bound the time that the reader takes."""
        super().pause_writing()
        # Not closed but aborted: closing waits for the reader.
        self._unread = self.loop.call_later(capacity.SEND_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader has taken all."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
