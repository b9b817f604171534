"""The OPC UA connector against a real server on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from connector_peers import free_port, silent, tcp_server
from opcua_peers import URI, serving

from connectors import status
from connectors.base import ConnectorError, TagSpec, system_clock_us
from connectors.registry import create


@pytest.fixture
def port():
    return free_port()


def _connector(port, names, timeout_s=5.0):
    tags = [TagSpec(f"l/m/{name}", f"nsu={URI};s={name}") for name in names]
    settings = {"endpoint": f"opc.tcp://127.0.0.1:{port}/acme", "timeout_s": timeout_s}
    return create("opcua", settings, tags)


async def _poll(port, names):
    async with _connector(port, names) as connector:
        return {reading.key.rpartition("/")[2]: reading for reading in await connector.poll()}


def _at(value, code=0, source=None, kind=None):
    return ua.DataValue(
        ua.Variant(value, kind), StatusCode=ua.StatusCode(code), SourceTimestamp=source, ServerTimestamp=None
    )


async def test_values_status_and_times_come_as_the_server_gives_them(port):
    source = datetime(2026, 3, 2, 5, 0, 0, 123456, tzinfo=UTC)
    values = {
        "whole": _at(2**63 + 5, source=source, kind=ua.VariantType.UInt64),
        "real": _at(2.5, source=source),
        "text": _at("A", source=source),
        "truth": _at(True, source=source),
        "named": _at(ua.LocalizedText("Cola"), source=source),
        "uncertain": _at(7, 0x40900000, source, ua.VariantType.Int32),
        "bad": _at(7, 0x80050000, source, ua.VariantType.Int32),
        "array": _at([1, 2], source=source),
        "nan": _at(float("nan"), source=source),
    }
    async with serving(port, values):
        begin = system_clock_us()
        got = await _poll(port, [*values, "missing"])
    assert {name: (r.value, r.status) for name, r in got.items()} == {
        "whole": (2**63 + 5, 0),
        "real": (2.5, 0),
        "text": ("A", 0),
        "truth": (True, 0),
        "named": ("Cola", 0),
        "uncertain": (7, 0x40900000),
        "bad": (None, 0x80050000),
        "array": (None, status.BAD_TYPE_MISMATCH),
        "nan": (None, status.BAD_OUT_OF_RANGE),
        "missing": (None, status.BAD_NODE_ID_UNKNOWN),
    }
    assert got["truth"].value is True
    assert got["real"].source_ts_us == 1_772_427_600_123_456
    assert all(begin <= r.receive_ts_us <= system_clock_us() for r in got.values())
    # the server stamps none of these nodes: its clock is read all the same (R11 needs it)
    assert all(abs(r.server_ts_us - r.receive_ts_us) < 3_000_000 for r in got.values())


async def test_reads_stay_within_the_servers_limit(port):
    values = {f"n{k}": k for k in range(120)}
    async with serving(port, values, max_nodes=50):
        got = await _poll(port, values)
    assert {name: r.value for name, r in got.items()} == values


async def test_a_limit_of_one_node_is_kept_too(port):
    async with serving(port, {"a": 1, "b": 2}, max_nodes=1):
        assert {k: r.value for k, r in (await _poll(port, ["a", "b"])).items()} == {"a": 1, "b": 2}


async def test_namespaces_that_renumber_on_a_restart_are_found_again(port):
    async with serving(port, {"State": 6}):
        assert (await _poll(port, ["State"]))["State"].value == 6
    async with serving(port, {"State": 5}, before=["urn:other:1", "urn:other:2"]) as server:
        assert await server.get_namespace_index(URI) == 4
        assert (await _poll(port, ["State"]))["State"].value == 5


async def test_a_namespace_that_comes_late_is_found_without_a_new_connection(port):
    async with serving(port, {"State": 6}) as server:
        tags = [TagSpec("late", "nsu=urn:late;s=x"), TagSpec("here", f"nsu={URI};s=State")]
        async with create("opcua", {"endpoint": f"opc.tcp://127.0.0.1:{port}/acme"}, tags) as connector:
            first = {r.key: (r.value, r.status) for r in await connector.poll()}
            assert first == {"here": (6, 0), "late": (None, status.BAD_NODE_ID_UNKNOWN)}
            index = await server.register_namespace("urn:late")
            await server.nodes.objects.add_variable(ua.NodeId("x", index), "x", 9)
            assert {r.key: r.value for r in await connector.poll()} == {"here": 6, "late": 9}


async def test_no_server_is_one_sentence(port):
    with pytest.raises(ConnectorError, match=f"no connection to opc.tcp://127.0.0.1:{port}/acme"):
        await _poll(port, ["State"])


async def test_a_server_that_accepts_and_is_silent_times_out_and_leaves_nothing_behind():
    before = asyncio.all_tasks()
    async with tcp_server(silent) as port:
        with pytest.raises(ConnectorError, match="did not answer in time"):
            async with _connector(port, ["State"], timeout_s=0.3):
                pass
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_a_server_that_dies_under_a_poll_is_a_connector_error_and_leaves_no_task(port):
    before = asyncio.all_tasks()
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(serving(port, {"State": 6}))
        connector = _connector(port, ["State"], timeout_s=1.0)
        await connector.__aenter__()
        await connector.poll()
        await stack.aclose()
        with pytest.raises(ConnectorError):
            await connector.poll()
        await connector.__aexit__(None, None, None)
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_cancelling_a_connection_attempt_leaves_no_task_and_no_socket():
    hung_up = asyncio.Event()

    async def waiting(reader, writer):
        await reader.read()
        hung_up.set()

    before = asyncio.all_tasks()
    async with tcp_server(waiting) as port:
        connector = _connector(port, ["State"], timeout_s=30.0)
        attempt = asyncio.create_task(connector.__aenter__())
        await asyncio.sleep(0.1)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await asyncio.wait_for(hung_up.wait(), 1.0)
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_the_library_logs_no_failures_of_its_own(port, caplog):
    caplog.set_level(logging.WARNING)
    async with serving(port, {"State": 6}):
        await _poll(port, ["State"])
    with pytest.raises(ConnectorError):
        await _poll(port, ["State"])
    assert [r for r in caplog.records if r.name.startswith("asyncua.client")] == []


async def test_a_source_time_far_off_is_passed_on_unjudged(port):
    source = datetime.now(UTC) - timedelta(days=400)
    async with serving(port, {"old": _at(1, source=source)}):
        got = await _poll(port, ["old"])
    assert got["old"].source_ts_us == (source - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
