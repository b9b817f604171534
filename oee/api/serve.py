"""Serving the application: on this machine only, unless there are accounts; and stopping cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from oee.api.access import AccountBook, is_loopback
from oee.api.capacity import own_capacity
from oee.api.connections import Connection
from oee.api.events import end_streams
from oee.errors import InputError

_GRACE_S = 5


class _Server(uvicorn.Server):
    """Leaves signals alone, as whoever runs the event loop decides when to stop, and says when it is up."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None] | None, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started, self._tell_ending = started, ending

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tell_started is not None:
            self._tell_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._tell_ending()
        await super().shutdown(sockets)


def listen(host: str, port: int, accounts: AccountBook) -> socket.socket:
    """Open the socket to serve on; port 0 chooses a free one.

    Raises
    ------
    InputError
        When the address can't be had, or would let the network in while no account exists.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise InputError(f"--host {host}: this machine knows no such address") from error
    if not is_loopback(str(address[0])) and not accounts.anybody():
        raise InputError(
            f"--host {host} lets others on the network in, but no account exists yet: add one by "
            "`oee user add NAME --role admin`, or leave --host away to serve this machine alone"
        )
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(own_capacity().backlog)
    except OSError as error:
        listener.close()
        raise InputError(f"can't serve on {host} port {port}: {error.strerror}; choose another --port") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the base URL under which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{local}]:{port}" if ":" in local and not local.startswith("[") else f"http://{local}:{port}"


def spare_long_lived() -> None:
    """Set all that was made so far apart from the garbage collector: it lives as long as the process.

    A full collection walks through every module and the plant: 80 ms, in the midst of one page out of twenty.
    """
    gc.collect()
    gc.freeze()


async def serve(
    app: FastAPI, listener: socket.socket, stop: asyncio.Event, started: Callable[[], None] | None = None
) -> None:
    """Serve until ``stop`` is set, then let running requests finish (5 s at most) and close the listener.

    Signals are not touched. ``started`` is called once requests are answered.
    """
    spare_long_lived()
    capacity = own_capacity()
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=capacity.connections,
        backlog=capacity.backlog,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config, started, lambda: end_streams(app))
    serving = asyncio.create_task(server.serve([listener]))
    stopping = asyncio.create_task(_stop_when(server, stop))
    try:
        await asyncio.shield(serving)
    finally:
        # Also when cancelled: connections are closed properly before the loop ends.
        server.should_exit = True
        stopping.cancel()
        await serving


async def _stop_when(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
