"""The polling grid, back-off, and the way from plant file to plan."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from connectors.base import ConnectorError
from connectors.registry import create
from oee.collect.exception import TagRole
from oee.collect.plan import collection_plan
from oee.collect.timing import backoff_s, next_tick
from oee.config.model import (
    ConnectorConfig,
    CounterRules,
    LineConfig,
    MachineConfig,
    PlantConfig,
    PlantInfo,
    Rollup,
    SignalConfig,
    Targets,
)


@pytest.mark.parametrize(
    ("now", "tick", "missed"), [(10.2, 11.0, 0), (11.0, 11.0, 0), (11.1, 12.0, 1), (13.5, 14.0, 3), (10.0, 11.0, 0)]
)
def test_the_grid_keeps_its_phase_and_counts_what_was_missed(now, tick, missed):
    assert next_tick(10.0, 1.0, now) == (tick, missed)


def test_back_off_grows_to_its_cap_with_full_jitter():
    random = Random(1)
    for failures in (0, 3, 50, 10**6):
        limit = min(2.0, 0.1 * 2 ** min(failures, 10))
        waits = [backoff_s(failures, 2.0, random) for _ in range(500)]
        assert max(waits) <= limit
        assert min(waits) < 0.05 * limit
        assert max(waits) > 0.95 * limit


def test_a_plant_becomes_one_plan_per_connector_in_use():
    signals = {
        "state": SignalConfig("state", "plc", "nsu=urn:a;s=State"),
        "good": SignalConfig("good", "gateway", "holding:0", counter=CounterRules(), type="uint32", unit=3),
        "reject": SignalConfig("reject", "plc", "nsu=urn:a;s=Reject", delta=True, scale=Fraction(2)),
        "order": SignalConfig("order"),
    }
    machine = MachineConfig("filler", "line-1", "Filler", signals=signals)
    line = LineConfig("line-1", "Line", "default", Rollup("constraint", "filler"), Targets(), {"filler": machine})
    plant = PlantConfig(
        1,
        PlantInfo("p", "P", "UTC"),
        {},
        {},
        {
            "plc": ConnectorConfig("plc", "opcua", endpoint="opc.tcp://h:4840", timeout_s=3.0),
            "spare": ConnectorConfig("spare", "opcua", endpoint="opc.tcp://h:4841"),
            "gateway": ConnectorConfig("gateway", "modbus", host="h", port=502, interval_s=0.5),
        },
        {"line-1": line},
    )
    plc, gateway = collection_plan(plant)
    assert (plc.name, plc.kind, dict(plc.settings)) == (
        "plc",
        "opcua",
        {"endpoint": "opc.tcp://h:4840", "timeout_s": 3.0},
    )
    assert [(t.key, t.machine_key, t.role) for t in plc.tags] == [
        ("line-1/filler/state", "line-1/filler", TagRole.VALUE),
        ("line-1/filler/reject", "line-1/filler", TagRole.DELTA),
    ]
    [good] = gateway.tags
    assert (good.role, good.spec.address, good.spec.type, good.spec.unit) == (TagRole.COUNTER, "holding:0", "uint32", 3)
    assert (gateway.interval_s, gateway.settings["host"], gateway.settings["port"]) == (0.5, "h", 502)


def test_an_unknown_kind_is_told_with_those_there_are():
    with pytest.raises(ConnectorError, match=r"no connector of kind 'mqtt'; built in are modbus, opcua"):
        create("mqtt", {}, [])
