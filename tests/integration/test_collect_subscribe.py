"""A machine followed by subscription: its counts and state times are the simulator's, its outage is a gap (R4)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack

import pytest
from collecting import Sink, collecting, until
from main_job import bench_plant, iso, kpi, micros, served

from connectors.base import system_clock_us
from connectors.opcua import subscription
from oee.collect.plan import collection_plan
from oee.compute.service import ComputeService
from oee.config.plant import load_plant
from oee.store.gaps import gaps
from oee.store.master import Master
from oee.store.samples import SampleStore
from simulators.bench import BENCH
from simulators.live import LivePlant, recording, wall_clock_us
from simulators.model import Plant
from simulators.opcua_server import TICK_S, OpcuaSimulator
from simulators.truth import Truth, TruthWriter, parts_between, states_between

INTERVAL_S = 0.5
SECONDS = 9.0
SEED = 10
MACHINE, LINE = "mixer", "mixing-line"


def _live():
    """A plant that has been at work for ten minutes, so that its truth has a beginning."""
    live = LivePlant(Plant.at(SEED, BENCH, wall_clock_us() - 600_000_000))
    live.now_us()
    return live


def _plan(folder, server):
    text = bench_plant(server.port, 1, INTERVAL_S).replace("mode: poll", "mode: subscribe")
    (folder / "plant.yaml").write_text(text, encoding="utf-8")
    [plan] = [p for p in collection_plan(load_plant(folder / "plant.yaml")) if p.kind == "opcua"]
    assert plan.mode == "subscribe"
    return text, plan


async def test_counts_and_state_times_of_a_subscription_are_the_truth(db, tmp_path):
    live, truth_file = _live(), tmp_path / "truth.jsonl"
    async with AsyncExitStack() as stack:
        truth = stack.enter_context(TruthWriter(truth_file, live.plant))
        await stack.enter_async_context(recording(live, truth))
        server = await stack.enter_async_context(OpcuaSimulator(live))
        text, plan = _plan(tmp_path, server)
        Master(db).apply(text, None, system_clock_us())
        async with collecting([plan], tmp_path / "spool", SampleStore(db)) as health:
            await asyncio.sleep(SECONDS)
        endpoint = health.endpoints[plan.name]
        assert (endpoint.state, endpoint.reconnects_count, endpoint.clock_skew_count) == ("up", 0, 0)
    ComputeService(db).tick()
    known = Truth.load(truth_file)
    with db.transaction() as conn:
        [(start, end, count)] = conn.execute(
            "SELECT min(ts), max(ts), max(value) - min(value) FROM sample JOIN tag USING (tag_id)"
            " WHERE signal = 'total'"
        ).fetchall()
    start_us, end_us = micros(start.isoformat()), micros(end.isoformat())
    with served(db.conninfo) as client:
        item = await asyncio.to_thread(kpi, client, LINE, start_us, end_us)
        span = {"from": iso(start_us), "to": iso(end_us)}
        answer = await asyncio.to_thread(client.get, f"/api/v1/lines/{LINE}/intervals", params=span)
    elements = item["elements"]
    assert elements["total_count"] == count > 5
    assert (elements["total_count"], elements["good_count"], elements["reject_count"]) == parts_between(
        known, MACHINE, start_us, end_us
    )
    assert item["coverage"] == 1.0
    true_us, edges, shown_us = defaultdict(int), defaultdict(int), defaultdict(int)
    for a, b, change in states_between(known, MACHINE, start_us, end_us):
        true_us[str(change.state)] += b - a
        edges[str(change.state)] += 2
    for found in answer.json()["items"]:
        shown_us[found["state"]] += micros(found["end"]) - micros(found["start"])
    assert len(true_us) > 1
    late_us = round(2 * TICK_S * 1e6)  # the device's own refresh; the publishing interval does not enter
    assert {s: us for s, us in true_us.items() if abs(shown_us[s] - us) > edges[s] * late_us} == {}


async def test_a_server_that_goes_and_comes_back_leaves_one_gap_and_is_followed_again_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(subscription, "KEEP_ALIVE_S", 0.5)
    sink = Sink()
    async with OpcuaSimulator(_live()) as server:
        _, plan = _plan(tmp_path, server)
        key = f"{LINE}/{MACHINE}"
        async with collecting([plan], tmp_path / "spool", sink) as health:
            await until(lambda: sink.values(f"{key}/total") and any(r.machines for r in sink.alive[2:]))
            off_us = system_clock_us()
            await server.pause()
            await until(lambda: health.endpoints[plan.name].state == "down", 2)
            assert system_clock_us() - off_us < 1_000_000
            seen = len(sink.values(f"{key}/total"))
            await asyncio.sleep(1.0)
            assert len(sink.values(f"{key}/total")) == seen
            back_us = system_clock_us()
            await server.resume()
            # the longest back-off, and a second
            await until(lambda: any(r.machines and r.from_us > back_us for r in sink.alive), 2.0 + 1.0)
    [gap] = sink.gaps
    assert gap.machines == (key,)
    assert "closed the connection" in gap.reason
    life = [r for r in sink.alive if r.machines]
    before = max(r.through_us for r in life if r.through_us < off_us)
    assert gap.from_us == before > off_us - 3_000_000
    after = min(r.from_us for r in life if r.from_us > off_us)
    assert back_us < after < back_us + 3_000_000
    through = [r.through_us for r in sink.alive]
    assert through == sorted(through)


async def test_a_collector_that_was_away_leaves_a_gap_in_the_database(db, tmp_path):
    async with OpcuaSimulator(_live()) as server:
        text, plan = _plan(tmp_path, server)
        Master(db).apply(text, None, system_clock_us())
        times = []
        for _ in range(2):
            times.append(system_clock_us())
            async with collecting([plan], tmp_path / "spool", SampleStore(db)) as health:
                await until(lambda health=health: health.delivered_count > 12)
            times.append(system_clock_us())
            await asyncio.sleep(1.2)
    with db.transaction() as conn:
        [gap] = gaps(conn, Master(db).ids().machines[LINE, MACHINE], times[0], system_clock_us())
    assert gap.reason == "the collector was not running"
    assert times[0] < gap.from_us <= times[1] < times[2] <= gap.to_us <= times[3]


@pytest.mark.parametrize("mode", ["poll", "subscribe"])
def test_the_plan_carries_the_mode(mode, tmp_path):
    text = bench_plant(1, 2, INTERVAL_S).replace("mode: poll", f"mode: {mode}")
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    plans = {p.kind: p for p in collection_plan(load_plant(tmp_path / "plant.yaml"))}
    assert (plans["opcua"].mode, plans["modbus"].mode) == (mode, "poll")
    assert ("interval_s" in plans["opcua"].settings) == (mode == "subscribe")
