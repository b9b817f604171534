"""OPC UA subscriptions against real servers on real sockets: every value once and in order, or a failed connection."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.utils import ServiceError
from connector_peers import free_port
from opcua_peers import URI, serving, write

from connectors import status
from connectors.base import ConnectorError, TagSpec, system_clock_us
from connectors.opcua import subscription
from connectors.registry import create

INTERVAL_S = 0.1


# A server takes seconds to start: most tests share one, each with nodes of its own.
pytestmark = pytest.mark.asyncio(loop_scope="module")
NAMES = ("first", "Name", "short", "mark", "still", "here", "left", "over")


class Shared:
    """The server that tests share."""

    def __init__(self, server, port):
        self.server = server
        self.port = port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared():
    port = free_port()
    values = dict.fromkeys(NAMES, 6) | {f"n{k}": k for k in range(120)}
    values["old"] = ua.DataValue(ua.Variant(1), SourceTimestamp=datetime.now(UTC) - timedelta(days=400))
    async with serving(port, values, max_items=50) as server:
        yield Shared(server, port)


@pytest.fixture
def port():
    return free_port()


@pytest.fixture(autouse=True)
def short_keep_alive(monkeypatch):
    monkeypatch.setattr(subscription, "KEEP_ALIVE_S", 0.3)


def tasks_of_clients():
    """Tasks that the library runs for a client; those of the servers, here in the same loop, end in their own time."""
    return {t for t in asyncio.all_tasks() if "asyncua/client" in t.get_coro().cr_code.co_filename}


class Follower:
    """Takes batches in a task of its own, as the supervisor does."""

    def __init__(self, port, names, interval_s=INTERVAL_S):
        tags = [name if isinstance(name, TagSpec) else TagSpec(name, f"nsu={URI};s={name}") for name in names]
        settings = {"endpoint": f"opc.tcp://127.0.0.1:{port}/acme", "timeout_s": 2.0, "interval_s": interval_s}
        self.connector = create("opcua", settings, tags)
        self.batches = []
        self.failure = None

    async def __aenter__(self):
        await self.connector.__aenter__()
        self.task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        await self.connector.__aexit__(None, None, None)

    async def _follow(self):
        try:
            async with contextlib.aclosing(self.connector.stream()) as batches:
                async for batch in batches:
                    self.batches.append(batch)
        except ConnectorError as error:
            self.failure = str(error)

    @property
    def readings(self):
        return [reading for batch in self.batches for reading in batch.readings]

    def values(self, name):
        return [reading.value for reading in self.readings if reading.key == name]

    async def until(self, condition, timeout_s=4.0):
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - what is waited for belongs to others
                await asyncio.sleep(0.01)


async def test_first_values_come_and_then_every_change_in_order_with_its_source_time(shared):
    async with Follower(shared.port, ["first", "Name"]) as follower:
        await follower.until(lambda: len(follower.readings) == 2)
        begin = system_clock_us()
        for value in range(7, 17):  # several within one publication: short states are seen
            await write(shared.server, first=value)
            await asyncio.sleep(0.03)
        await follower.until(lambda: follower.values("first")[-1:] == [16])
    assert follower.values("first") == list(range(6, 17))
    assert follower.values("Name") == [6]
    changes = [r for r in follower.readings if r.key == "first"][1:]
    assert [r.source_ts_us for r in changes] == sorted({r.source_ts_us for r in changes})
    assert all(begin <= r.source_ts_us <= r.receive_ts_us for r in changes)
    assert all(abs(r.server_ts_us - r.receive_ts_us) < 1_000_000 for r in changes)


async def test_a_state_shorter_than_the_interval_is_seen(shared):
    async with Follower(shared.port, ["short"], 1.0) as follower:
        await follower.until(lambda: follower.values("short") == [6])
        await write(shared.server, short=10)
        await asyncio.sleep(0.2)
        await write(shared.server, short=6)
        await follower.until(lambda: follower.values("short") == [6, 10, 6])
    _, down, up = follower.readings
    assert 150_000 < up.source_ts_us - down.source_ts_us < 400_000


async def test_r14_no_value_comes_that_is_older_than_a_watermark_before_it(shared):
    async with Follower(shared.port, ["mark"]) as follower:
        for value in range(60):
            await write(shared.server, mark=value)
            await asyncio.sleep(0.02)
        await follower.until(lambda: follower.values("mark")[-1:] == [59])
    through = [batch.through_us for batch in follower.batches]
    assert through == sorted(through)
    assert through[-1] - through[0] > 500_000
    for before, batch in zip(through, follower.batches[1:], strict=False):
        assert all(r.source_ts_us > before for r in batch.readings if r.value)


async def test_silence_of_the_values_is_kept_alive_by_empty_batches(shared):
    async with Follower(shared.port, ["still"]) as follower:
        await follower.until(lambda: follower.readings)
        before = len(follower.batches)
        await asyncio.sleep(1.2)
        came = follower.batches[before:]
    assert follower.failure is None
    assert len(came) >= 3
    assert all(batch.readings == () for batch in came)
    assert came[-1].through_us - came[0].through_us > 500_000


async def test_items_are_asked_for_within_the_servers_limit(shared):
    values = {f"n{k}": k for k in range(120)}
    async with Follower(shared.port, values) as follower:
        await follower.until(lambda: len(follower.readings) == 120)
    assert {r.key: r.value for r in follower.readings} == values


async def test_a_refused_item_is_bad_alone_and_taken_when_it_is_there(shared, monkeypatch):
    monkeypatch.setattr(subscription, "RETRY_S", 0.2)
    server, tags = shared.server, ["here", "Later", TagSpec("late", "nsu=urn:late;s=x")]
    async with Follower(shared.port, tags) as follower:
        await follower.until(lambda: len({r.key for r in follower.readings}) == 3)
        first = {r.key: (r.value, r.status) for r in follower.readings}
        unknown = (None, status.BAD_NODE_ID_UNKNOWN)
        assert first == {"here": (6, 0), "Later": unknown, "late": unknown}
        index = await server.get_namespace_index(URI)
        await server.nodes.objects.add_variable(ua.NodeId("Later", index), "Later", 2)
        await server.nodes.objects.add_variable(ua.NodeId("x", await server.register_namespace("urn:late")), "x", 3)
        await follower.until(lambda: follower.values("Later")[-1] == 2 and follower.values("late")[-1] == 3)
        seen = len(follower.readings)
        await asyncio.sleep(0.5)
        assert len(follower.readings) == seen, "asked again for what is there"


async def test_a_refused_subscription_is_a_failed_connection(shared, monkeypatch):
    async def refuse(*_, **__):
        raise ServiceError(ua.StatusCodes.BadTooManySubscriptions)

    monkeypatch.setattr(shared.server.iserver.subscription_service, "create_subscription", refuse)
    async with Follower(shared.port, ["here"]) as follower:
        await follower.until(lambda: follower.failure)
    assert "subscriptions" in follower.failure


async def test_a_lost_connection_is_told_at_once_and_namespaces_are_resolved_anew(port):
    for others, value in (((), 6), (("urn:other:1", "urn:other:2"), 5)):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(serving(port, {"State": value}, before=others))
            async with Follower(port, ["State"]) as follower:
                await follower.until(lambda follower=follower: follower.readings)
                begin = asyncio.get_running_loop().time()
                await stack.aclose()
                await follower.until(lambda follower=follower: follower.failure)
                assert asyncio.get_running_loop().time() - begin < 1.0
        assert [(r.value, r.status) for r in follower.readings] == [(value, 0)]
        assert "closed the connection" in follower.failure
    await asyncio.sleep(0.1)
    assert tasks_of_clients() == set()


async def test_leaving_a_living_subscription_leaves_no_task_and_no_subscription(shared):
    async with Follower(shared.port, ["left"]) as follower:
        await follower.until(lambda: follower.readings)
        assert len(tasks_of_clients()) > 1
        assert len(shared.server.iserver.subscription_service.subscriptions) == 1
    await asyncio.sleep(0.3)
    assert tasks_of_clients() == set()
    assert shared.server.iserver.subscription_service.subscriptions == {}


async def test_r25_a_hung_server_is_silent_within_two_keep_alives(port):
    script = str(Path(__file__).with_name("opcua_peers.py"))
    process = await asyncio.create_subprocess_exec(sys.executable, script, str(port))
    try:
        follower = None
        async with asyncio.timeout(15):
            while follower is None:
                follower = Follower(port, ["Count"])
                try:
                    await follower.__aenter__()
                except ConnectorError:
                    await follower.connector.__aexit__(None, None, None)
                    follower = None
                    await asyncio.sleep(0.2)
        await follower.until(lambda: len(follower.values("Count")) > 5)
        process.send_signal(signal.SIGSTOP)
        heard = asyncio.get_running_loop().time()
        await follower.until(lambda: follower.failure)
        assert asyncio.get_running_loop().time() - heard < 2 * 0.3 + 0.2
        assert "has published nothing for 0.6 s" in follower.failure
        await follower.__aexit__(None, None, None)
        process.send_signal(signal.SIGCONT)
        async with Follower(port, ["Count"]) as again:
            await again.until(lambda: len(again.values("Count")) > 5)
    finally:
        process.kill()
        await process.wait()


async def test_a_full_queue_fails_the_connection_and_drops_nothing_silently(shared, monkeypatch):
    monkeypatch.setattr(subscription, "MAX_WAITING", 2)
    async with Follower(shared.port, []).connector as connector:
        stream = connector.stream()
        await anext(stream)
        await asyncio.sleep(1.5)  # nobody takes what is published
        with pytest.raises(ConnectorError, match="faster than it can be taken"):
            async for _ in stream:
                pass
        await stream.aclose()


async def test_a_server_that_drops_values_of_a_full_queue_says_so_in_the_status(shared):
    overflow = ua.DataValue(ua.Variant(7), StatusCode=ua.StatusCode(0x480), SourceTimestamp=datetime.now(UTC))
    async with Follower(shared.port, ["over"]) as follower:
        await follower.until(lambda: follower.readings)
        await write(shared.server, over=overflow)
        await follower.until(lambda: len(follower.readings) == 2)
    assert (follower.readings[1].value, follower.readings[1].status) == (7, 0x480)
    assert status.has_overflow(0x480)
    assert not status.has_overflow(0x400)


async def test_a_source_time_far_off_is_passed_on_unjudged(shared):
    async with Follower(shared.port, ["old"]) as follower:
        await follower.until(lambda: follower.readings)
    assert 399 < (system_clock_us() - follower.readings[0].source_ts_us) / 86_400e6 < 401
