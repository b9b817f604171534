"""A device whose clock is off, over a real socket: its readings have our time, and the windows say so (R11)."""

from __future__ import annotations

import asyncio

from asyncua import ua
from collecting import Sink, collecting, until
from connector_peers import free_port
from opcua_peers import URI, serving, write

from connectors.base import system_clock_us
from oee.collect.plan import collection_plan
from oee.compute.queries import Results
from oee.compute.service import ComputeService
from oee.config.plant import load_plant
from oee.store.master import Master
from oee.store.samples import SampleStore

HOUR_US = 3_600_000_000
OFF_US = 60_000_000
PLANT = """
version: 1
plant: {{id: acme, timezone: UTC}}
calendars:
  default:
    shifts: {{day: {{start: "00:00", end: "24:00"}}}}
    week: {{mon: [day], tue: [day], wed: [day], thu: [day], fri: [day], sat: [day], sun: [day]}}
connectors:
  plc: {{kind: opcua, endpoint: "opc.tcp://127.0.0.1:{port}/acme", interval_s: 0.05,
        security: {{policy: None, accept_none: true}}}}
lines:
  line:
    calendar: default
    machines:
      m:
        ideal_cycle_s: 1
        signals:
          state: {{connector: plc, address: "nsu={uri};s=State", profile: packml}}
          good: {{connector: plc, address: "nsu={uri};s=Good"}}
"""


def ahead_us() -> int:
    """Our clock: a minute ahead of the device's."""
    return system_clock_us() + OFF_US


async def _collected(folder, sink, clock, prepare=lambda _: None):
    port = free_port()
    text = PLANT.format(port=port, uri=URI)
    (folder / "plant.yaml").write_text(text, encoding="utf-8")
    prepare(text)
    plans = collection_plan(load_plant(folder / "plant.yaml"))
    whole = ua.VariantType.Int32
    values = {"State": ua.Variant(6, whole), "Good": ua.Variant(0, whole)}
    async with serving(port, values) as server, collecting(plans, folder / "spool", sink, clock) as health:
        await until(lambda: health.endpoints and health.endpoints["plc"].samples_count >= 2)
        await write(server, Good=ua.Variant(1, whole))
        await until(lambda: health.endpoints["plc"].samples_count >= 3)
        await asyncio.sleep(0.1)
    return health.endpoints["plc"].clock_skew_count


async def test_r11_a_device_with_a_clock_that_is_off_raises_clock_skew(db, tmp_path):
    begin_us = ahead_us()
    day_us = begin_us // (24 * HOUR_US) * 24 * HOUR_US
    count = await _collected(
        tmp_path, SampleStore(db), ahead_us, lambda text: Master(db).apply(text, None, day_us - 24 * HOUR_US)
    )
    assert count > 4
    service = ComputeService(db, now_us=ahead_us)
    service.tick()
    results = Results(db, now_us=ahead_us)
    assert "clock_skew" in results.window("line", begin_us - HOUR_US, begin_us + HOUR_US).window.flags
    assert "clock_skew" not in results.window("line", begin_us - 2 * HOUR_US, begin_us - HOUR_US).window.flags


async def test_r11_a_device_on_time_raises_nothing(tmp_path):
    sink = Sink()
    assert await _collected(tmp_path, sink, system_clock_us) == 0
    assert sink.rows
    assert sink.skews == []


async def test_r11_word_of_the_clock_comes_before_the_samples_and_twice_is_once(db, tmp_path):
    sink = Sink()
    await _collected(tmp_path, sink, ahead_us)
    assert all(s.machines == ("line/m",) and s.connector == "plc" for s in sink.skews)
    stamped = {ts for (_, ts) in sink.rows}
    assert any(s.from_us in stamped for s in sink.skews)
    store = SampleStore(db)
    for _ in range(2):
        store.write([], [], [], sink.skews)
    with db.transaction() as conn:
        [(count,)] = conn.execute(b"SELECT count(*) FROM clock_skew").fetchall()
    assert count == 1
