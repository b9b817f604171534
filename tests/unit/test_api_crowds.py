"""Many connections at once: each limit answers, what is closed is free again, and the service stays alive."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from oee.api import capacity as bounds
from oee.api.capacity import Capacity, capacity
from oee.api.serve import address_of, listen, serve
from oee.api.watch import Batch, Event
from tests.api_fixture import MemoryAccounts, app

PROGRAM = """
import asyncio, logging, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from oee.api.serve import address_of, listen, serve
from tests.api_fixture import MemoryAccounts, app
logging.basicConfig()
listener = listen("127.0.0.1", 0, MemoryAccounts())
asyncio.run(serve(app(), listener, asyncio.Event(), lambda: print(address_of(listener), flush=True)))
"""
STREAM = b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
FORM = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize("files", [0, 64, 256, 1024, 1_000_000])
def test_a_burst_and_all_connections_leave_files_for_the_rest(files: int) -> None:
    shared = capacity(files)
    assert shared.streams_each < shared.streams < shared.connections <= bounds.MAX_CONNECTIONS
    assert files < 64 or shared.connections + 4 * shared.backlog <= files * 3 // 4


@contextmanager
def in_little_room() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The service in a process that may open 256 files."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


@contextmanager
def asking(address: str, count: int, said: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, each of which said something."""
    place = urlsplit(address)
    peers = list[socket.socket]()
    try:
        for n in range(count):
            time.sleep(0.02 if n % 8 == 7 else 0)  # a queue that is full would cost each a second
            peer = socket.create_connection((place.hostname, place.port), 5)
            peers.append(peer)
            peer.sendall(said)
        yield peers
    finally:
        for peer in peers:
            peer.close()


def first_line(peer: socket.socket) -> str:
    try:
        return peer.recv(2000).partition(b"\r\n")[0].decode()
    except ConnectionResetError:
        return ""


def own_files(least: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < least:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, hard))


def test_more_streams_than_files_neither_stop_the_service_nor_fill_its_log() -> None:
    own_files(1024)
    with in_little_room() as (address, process):
        with asking(address, 50, STREAM) as peers:
            lines = [first_line(peer) for peer in peers]
            assert [line[:12] for line in lines].count("HTTP/1.1 200") == 32
            assert "HTTP/1.1 429" in {line[:12] for line in lines}
            assert httpx.get(f"{address}/livez", timeout=2).status_code == 200
        with asking(address, 300, b"") as peers:
            assert {first_line(peer)[:12] for peer in peers[200:]} == {"HTTP/1.1 503"}
        assert httpx.get(f"{address}/livez", timeout=5).status_code == 200
        process.kill()
        _, log = process.communicate()
    assert log == ""


@asynccontextmanager
async def running(places: Capacity | None = None, sent_bytes: int = 0) -> AsyncIterator[tuple[str, object]]:
    """The application on a port; with the places and the send buffer that the test wants."""
    application = app()
    if places is not None:
        application.state.places.capacity = places
    listener, stop, started = listen("127.0.0.1", 0, MemoryAccounts()), asyncio.Event(), asyncio.Event()
    if sent_bytes:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sent_bytes)
    serving = asyncio.create_task(serve(application, listener, stop, started.set))
    await asyncio.wait_for(started.wait(), 10)
    yield address_of(listener), application.state.watcher
    stop.set()
    await asyncio.wait_for(serving, 5)


async def settled(watcher: object, count: int) -> None:
    for _ in range(200):
        if watcher.listener_count == count:
            return
        await asyncio.sleep(0.02)
    assert watcher.listener_count == count


@pytest.mark.parametrize(
    ("places", "status", "said"),
    [(Capacity(8, 4, 2, 8), 429, "2 streams open"), (Capacity(8, 2, 4, 8), 503, "All 2 streams")],
)
async def test_a_stream_too_many_is_refused_and_a_closed_one_makes_room(
    places: Capacity, status: int, said: str
) -> None:
    async with running(places) as (address, watcher), httpx.AsyncClient(base_url=address, timeout=5) as client:
        first = await client.send(client.build_request("GET", "/api/v1/events"), stream=True)
        second = await client.send(client.build_request("GET", "/api/v1/events"), stream=True)
        await settled(watcher, 2)
        refused = await client.get("/api/v1/events")
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
        assert said in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/livez")).status_code == 200
        await first.aclose()
        await settled(watcher, 1)
        third = await client.send(client.build_request("GET", "/api/v1/events"), stream=True)
        assert third.status_code == 200
        await second.aclose()
        await third.aclose()


async def test_a_reader_that_never_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SEND_S", 0.3)
    async with running(sent_bytes=4096) as (address, watcher):
        place = urlsplit(address)
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect((place.hostname, place.port))
        peer.sendall(STREAM)
        await settled(watcher, 1)
        (listener,) = watcher._listeners
        listener.tell(Batch(1, (Event("state", "line-1", (("machine", "x" * 200_000),)),)))
        await settled(watcher, 0)
        async with httpx.AsyncClient(base_url=address, timeout=5) as client:
            assert (await client.get("/livez")).status_code == 200
        peer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /livez HT",
        FORM + b"Content-Length: 9\r\n\r\nna",
    ],
)
async def test_a_request_that_never_arrives_is_let_go(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(bounds, "REQUEST_S", 0.2)
    async with running() as (address, _):
        place = urlsplit(address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(said)
        with contextlib.suppress(ConnectionResetError):  # let go, not answered
            assert await asyncio.wait_for(reader.read(), 3) == b""
        writer.close()


async def test_a_connection_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_CONNECTIONS", 8)
    async with running() as (address, _):
        place = urlsplit(address)
        held = [await asyncio.open_connection(place.hostname, place.port) for _ in range(8)]
        answer = await asyncio.wait_for(held[-1][0].read(), 3)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in head
        assert json.loads(body)["status"] == 503
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.1)
        async with httpx.AsyncClient(base_url=address, timeout=5) as client:
            assert (await client.get("/livez")).status_code == 200
