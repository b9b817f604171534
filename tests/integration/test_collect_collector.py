"""The collector over real sockets and a real spool: devices off, hung or back again; a database that is away."""

from __future__ import annotations

import asyncio
import struct
from itertools import pairwise

import pytest
import structlog
from collecting import Sink, collecting, until
from connector_peers import free_port, silent, tcp_server

from connectors.base import TagSpec, system_clock_us
from oee.collect.collector import run_collector
from oee.collect.endpoint import ConnectorPlan, PlannedTag
from oee.collect.exception import TagRole
from oee.spool import Spool


class _Counter:
    """A Modbus device with one register, which counts its polls."""

    def __init__(self):
        self.polls = 0
        self.times = []

    async def __call__(self, reader, writer):
        while True:
            request = await reader.readexactly(12)
            self.polls += 1
            self.times.append(asyncio.get_running_loop().time())
            writer.write(request[:5] + bytes([5, request[6], 3, 2]) + struct.pack(">H", self.polls))
            await writer.drain()


def _plan(name, port, interval_s=0.05, timeout_s=0.4):
    key = f"line/{name}/total"
    tag = PlannedTag(key, f"line/{name}", TagSpec(key, "holding:0"), TagRole.COUNTER)
    settings = {"host": "127.0.0.1", "port": port, "timeout_s": timeout_s}
    return ConnectorPlan(name, "modbus", settings, interval_s, timeout_s, (tag,))


async def test_every_reading_arrives_exactly_once_and_proof_of_life_is_unbroken(tmp_path):
    device, sink = _Counter(), Sink()
    async with tcp_server(device) as port:
        async with collecting([_plan("a", port)], tmp_path, sink) as health:
            await until(lambda: device.polls >= 20)
        assert sink.values("line/a/total") == list(range(1, health.endpoints["a"].polls_count + 1))
    lives = [(r.from_us, r.through_us) for r in sink.alive if r.machines == ("line/a",)]
    assert len(lives) == health.endpoints["a"].polls_count
    assert all(before[1] == after[0] for before, after in pairwise(lives))
    assert health.delivered_count == health.spooled_count == 2 * health.endpoints["a"].polls_count
    assert sink.gaps == []


async def test_dead_and_hanging_devices_never_delay_another(tmp_path):
    device, sink = _Counter(), Sink()
    async with tcp_server(device) as port, tcp_server(silent) as hung:
        plans = [_plan("off", free_port()), _plan("hung", hung), _plan("a", port)]
        async with collecting(plans, tmp_path, sink) as health:
            await until(lambda: device.polls >= 30)
            states = {name: endpoint.state for name, endpoint in health.endpoints.items()}
    assert states == {"off": "down", "hung": "down", "a": "up"}
    assert "no connection" in health.endpoints["off"].reason
    assert "gave no answer" in health.endpoints["hung"].reason
    late = sorted(after - before for before, after in pairwise(device.times))
    assert late[len(late) // 2] < 0.06
    assert late[-3] < 0.15


async def test_a_device_that_is_off_at_the_start_and_dies_again_is_taken_up_each_time(tmp_path):
    port, sink = free_port(), Sink()
    with structlog.testing.capture_logs() as logs:
        async with collecting([_plan("a", port)], tmp_path, sink) as health:
            await until(lambda: health.endpoints and health.endpoints["a"].state == "down")
            endpoint = health.endpoints["a"]
            for polls in (3, 6):
                async with tcp_server(_Counter(), port):
                    await until(lambda least=polls: endpoint.polls_count >= least and endpoint.state == "up")
                await until(lambda: endpoint.state == "down")
            await asyncio.sleep(1.0)  # several more attempts, which are no news
    assert endpoint.reconnects_count == 2
    assert [log["event"] for log in logs if log.get("connector") == "a"] == [
        "connector down", "connector up", "connector down", "connector up", "connector down"
    ]  # fmt: skip


async def test_r14_a_dead_endpoint_still_moves_the_watermark_and_proves_no_life(tmp_path):
    sink = Sink()
    async with collecting([_plan("off", free_port())], tmp_path, sink):
        await until(lambda: len(sink.alive) >= 4)
    assert all(r.machines == () and r.connector == "off" for r in sink.alive)
    through = [r.through_us for r in sink.alive]
    assert through == sorted(set(through))
    assert sink.rows == {}


async def test_a_database_that_is_away_gets_everything_in_order_afterwards(tmp_path):
    device, sink = _Counter(), Sink()
    sink.is_away = True
    async with tcp_server(device) as port, collecting([_plan("a", port)], tmp_path, sink) as health:
        await until(lambda: device.polls >= 30)
        assert health.is_database_away
        assert sink.calls == []
        sink.is_away = False
        await until(lambda: len(sink.rows) >= 35)
        assert not health.is_database_away
    given = [s for samples, _ in sink.calls for s in samples]
    assert [s.value for s in given] == list(range(1, len(given) + 1))
    assert [s.ts_us for s in given] == sorted(s.ts_us for s in given)


async def test_what_could_not_be_delivered_waits_for_the_next_start(tmp_path):
    device, sink = _Counter(), Sink()
    sink.is_away = True
    async with tcp_server(device) as port:
        async with collecting([_plan("a", port)], tmp_path, sink):
            await until(lambda: device.polls >= 10)
        polls = device.polls
        sink.is_away = False
        async with collecting([_plan("a", port)], tmp_path, sink):
            await until(lambda: device.polls >= polls + 5)
    assert sink.values("line/a/total")[:polls] == list(range(1, polls + 1))
    with Spool.open(tmp_path) as spool:
        assert spool.read(10)[0] == []


async def test_a_sink_with_a_bug_costs_no_reading(tmp_path):
    class Buggy(Sink):
        def write(self, samples, alive, gaps, skews):
            if len(self.calls) < 1:
                self.calls.append(([], []))
                raise KeyError("bug")
            super().write(samples, alive, gaps, skews)

    device, sink = _Counter(), Buggy()
    async with tcp_server(device) as port, collecting([_plan("a", port)], tmp_path, sink):
        await until(lambda: len(sink.rows) >= 10)
    values = sink.values("line/a/total")
    assert values == list(range(1, len(values) + 1))


async def test_watermarks_never_overtake_their_samples(tmp_path):
    device, sink = _Counter(), Sink()
    async with tcp_server(device) as port, collecting([_plan("a", port)], tmp_path, sink):
        await until(lambda: device.polls >= 20)
    through = 0
    for samples, alive in sink.calls:
        assert all(s.ts_us >= through for s in samples)
        through = max([through, *(r.through_us for r in alive)])


async def test_a_folder_in_use_is_refused(tmp_path):
    with Spool.open(tmp_path), pytest.raises(Exception, match="another collector uses it"):
        await run_collector([], tmp_path, Sink(), clock=system_clock_us, stop=asyncio.Event())
