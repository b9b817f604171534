"""A machine that is switched off: unknown after max_age, no trouble to the others, and back when it comes back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise

from main_job import bench_plant, micros, served

from connectors.base import system_clock_us
from oee.collect.collector import run_collector
from oee.collect.endpoint import CollectorHealth
from oee.collect.plan import collection_plan
from oee.compute.service import ComputeService
from oee.config.plant import load_plant
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore
from simulators.bench import BENCH
from simulators.live import LivePlant, wall_clock_us
from simulators.modbus_server import ModbusSimulator
from simulators.model import Plant
from simulators.opcua_server import OpcuaSimulator

INTERVAL_S = 0.25
MAX_AGE_S = 5.0  # of the bench's plant file
HEALTHY_S, OFF_S, BACK_S = 9.0, 9.0, 3.0


class _Polls:
    """The real store; notes when the polls of the device that stays on came in."""

    def __init__(self, store, source):
        self._store, self._source = store, source
        self.at_us = []

    def write(self, samples, alive, gaps, skews):
        self._store.write(samples, alive, gaps, skews)
        self.at_us += [a.through_us for a in alive if a.connector == self._source and a.machines]

    def lateness_s(self, start_us, end_us):
        """How much later than its interval each poll of a stretch came, sorted [s]."""
        inside = [at for at in self.at_us if start_us <= at < end_us]
        return sorted(max((b - a) / 1e6 - INTERVAL_S, 0.0) for a, b in pairwise(inside))


async def test_a_device_switched_off_turns_no_data_and_delays_no_other(database, tmp_path):
    live = LivePlant(Plant.at(8, BENCH, wall_clock_us()))
    async with AsyncExitStack() as stack:
        opcua = await stack.enter_async_context(OpcuaSimulator(live))
        modbus = await stack.enter_async_context(ModbusSimulator(live))
        text = bench_plant(opcua.port, modbus.port, INTERVAL_S)
        (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
        db = stack.enter_context(Database(database))
        Master(db).apply(text, None, system_clock_us())
        polls, health = _Polls(SampleStore(db), "plc_opcua"), CollectorHealth()
        client = stack.enter_context(served(database))
        async with _collecting(db, tmp_path, polls, health):
            await asyncio.sleep(HEALTHY_S)
            off_us = wall_clock_us()
            await modbus.pause()
            await asyncio.sleep(MAX_AGE_S - 2.0)
            early = await asyncio.to_thread(_state, client, "stamping-line")
            await asyncio.sleep(OFF_S - (MAX_AGE_S - 2.0))
            late = await asyncio.to_thread(_state, client, "stamping-line")
            other = await asyncio.to_thread(_state, client, "mixing-line")
            assert health.endpoints["plc_modbus"].state == "down"
            back_us = wall_clock_us()
            await modbus.resume()
            await asyncio.sleep(BACK_S)
            again = await asyncio.to_thread(_state, client, "stamping-line")

    assert early["category"] != "no_data"
    assert late["category"] == "no_data"
    silent_s = (micros(late["since"]) - off_us) / 1e6
    assert MAX_AGE_S - 2 * INTERVAL_S <= silent_s <= MAX_AGE_S + 0.1  # since the last poll that succeeded
    assert other["category"] != "no_data"
    assert again["category"] != "no_data"
    healthy, off = polls.lateness_s(0, off_us), polls.lateness_s(off_us, back_us)
    assert len(healthy) > 0.8 * (HEALTHY_S - 1) / INTERVAL_S
    assert len(off) > 0.8 * OFF_S / INTERVAL_S
    assert _p99(off) <= _p99(healthy) + 0.2 * INTERVAL_S


class _collecting:  # noqa: N801 - reads as the act it is
    """Collect and compute while the block lasts, as `oee run` does."""

    def __init__(self, db, folder, sink, health):
        self._stop, self._service = asyncio.Event(), ComputeService(db)
        plan = collection_plan(load_plant(folder / "plant.yaml"))
        self._collector = run_collector(
            plan, folder / "spool", sink, clock=system_clock_us, stop=self._stop, health=health
        )

    async def __aenter__(self):
        self._jobs = [asyncio.create_task(self._collector), asyncio.create_task(self._compute())]

    async def __aexit__(self, *_):
        self._stop.set()
        await asyncio.gather(*self._jobs)

    async def _compute(self):
        while not self._stop.is_set():
            await asyncio.to_thread(self._service.tick)
            await asyncio.sleep(1.0)


def _state(client, line):
    return client.get(f"/api/v1/lines/{line}/state").json()


def _p99(values):
    return values[min(len(values) - 1, int(0.99 * len(values)))]
