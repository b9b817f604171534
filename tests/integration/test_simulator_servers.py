"""The simulators on real sockets, read by independent clients, agree with the truth file."""

import asyncio
import json
import signal
import struct
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import Client, ua
from pymodbus.client import AsyncModbusTcpClient

from simulators.bench import BENCH
from simulators.demo import demo_scenario
from simulators.live import LivePlant, recording, wall_clock_us
from simulators.modbus_server import ModbusSimulator
from simulators.model import Plant
from simulators.opcua_server import OpcuaSimulator
from simulators.packml import simple_state
from simulators.truth import Truth, TruthWriter, parts_between, parts_until, states_between

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def live_bench() -> LivePlant:
    """Return a plant that has been at work for ten minutes."""
    return LivePlant(Plant.at(7, BENCH, wall_clock_us() - 600_000_000))


@asynccontextmanager
async def modbus_client(port: int):
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0, reconnect_delay=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


async def opcua_nodes(client: Client, machine: str) -> dict[str, object]:
    namespace = await client.get_namespace_index("urn:oee:simulator")
    return {
        name: client.get_node(f"ns={namespace};s={machine}.{name}") for name in ("State", "Fault", "Good", "Reject")
    }


async def test_opcua_values_are_exact_at_their_source_time(tmp_path: Path) -> None:
    live, path, samples = live_bench(), tmp_path / "truth.jsonl", []
    live.now_us()
    with TruthWriter(path, live.plant) as truth:
        async with recording(live, truth), OpcuaSimulator(live) as server, Client(server.endpoint) as client:
            nodes = await opcua_nodes(client, "Mixer")
            for _ in range(25):
                await asyncio.sleep(0.1)
                values = await client.read_attributes(list(nodes.values()), ua.AttributeIds.Value)
                samples.append(
                    {name: (v.SourceTimestamp, v.Value.Value) for name, v in zip(nodes, values, strict=True)}
                )
                assert {value.Value.VariantType for value in values} == {ua.VariantType.Int32, ua.VariantType.UInt32}
    known = Truth.load(path)
    for sample in samples[1:]:
        at_us = {
            name: (at.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for name, (at, _) in sample.items()
        }
        assert sample["Good"][1] == parts_until(known, "mixer", at_us["Good"]).good
        assert sample["Reject"][1] == parts_until(known, "mixer", at_us["Reject"]).reject
        (_, _, change), *_ = states_between(known, "mixer", at_us["State"], at_us["State"] + 1)
        assert (sample["State"][1], sample["Fault"][1]) == (change.state, change.fault)
    assert len({sample["Good"][0] for sample in samples}) > 15, "source timestamps stand still"
    first, last = (
        (s["Good"][0].replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for s in samples[:: len(samples) - 1]
    )
    assert samples[-1]["Good"][1] - samples[0]["Good"][1] == parts_between(known, "mixer", first, last).good


async def test_opcua_is_read_only_and_outlives_a_pause() -> None:
    async with OpcuaSimulator(live_bench()) as server:
        async with Client(server.endpoint) as client:
            nodes = await opcua_nodes(client, "Mixer")
            with pytest.raises(ua.UaStatusCodeError, match=r"NotWritable|AccessDenied"):
                await nodes["Good"].write_value(ua.Variant(1, ua.VariantType.UInt32))
            before = await nodes["Good"].read_value()
        port = server.port
        await server.pause()
        with pytest.raises(OSError, match="Connect call failed"):
            await Client(server.endpoint, timeout=1).connect()
        await server.resume()
        assert server.port == port
        async with Client(server.endpoint) as client:
            assert await (await opcua_nodes(client, "Mixer"))["Good"].read_value() >= before


async def test_modbus_values_lie_between_the_truth_before_and_after_the_request(tmp_path: Path) -> None:
    live, path, samples = live_bench(), tmp_path / "truth.jsonl", []
    live.now_us()
    with TruthWriter(path, live.plant) as truth:
        async with recording(live, truth), ModbusSimulator(live) as server, modbus_client(server.port) as client:
            for _ in range(25):
                await asyncio.sleep(0.1)
                before_us = live.now_us()
                holding = await client.read_holding_registers(0, count=16, device_id=1)
                samples.append((before_us, live.now_us(), holding.registers))
    known = Truth.load(path)
    for before_us, after_us, registers in samples:
        good, reject, total = struct.unpack(">3I", struct.pack(">6H", *registers[10:16]))
        low, high = parts_until(known, "stamper", before_us), parts_until(known, "stamper", after_us)
        assert low.good <= good <= high.good
        assert low.reject <= reject <= high.reject
        assert total == good + reject
        shown = [simple_state(c.state, c.mode) for _, _, c in states_between(known, "stamper", before_us, after_us + 1)]
        assert registers[0] in shown
    assert samples[-1][2] != samples[0][2]


async def test_modbus_serves_units_bits_and_inputs_and_refuses_all_else() -> None:
    start_us = wall_clock_us() - 600_000_000
    live = LivePlant(Plant.at(7, demo_scenario(start_us), start_us))
    async with ModbusSimulator(live) as server, modbus_client(server.port) as client:
        for unit in (1, 2):
            holding = await client.read_holding_registers(0, count=16, device_id=unit)
            inputs = await client.read_input_registers(0, count=3, device_id=unit)
            coils = await client.read_coils(0, count=2, device_id=unit)
            discrete = await client.read_discrete_inputs(1, count=1, device_id=unit)
            assert holding.registers[:3] == inputs.registers
            assert coils.bits[:2] == [inputs.registers[0] == 1, inputs.registers[2] != 0]
            assert discrete.bits[0] == coils.bits[1]
        refusals = [
            (await client.read_holding_registers(37, count=2, device_id=1), 2),
            (await client.read_coils(2, count=1, device_id=1), 2),
            (await client.read_holding_registers(0, count=1, device_id=9), 11),
            (await client.write_register(0, 1, device_id=1), 1),
            (await client.write_coil(0, True, device_id=1), 1),
        ]
        for answer, code in refusals:
            assert answer.isError()
            assert answer.exception_code == code


async def test_modbus_switched_off_ends_connections_and_refuses_new_ones() -> None:
    async with ModbusSimulator(live_bench()) as server:
        port = server.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await server.pause()
        assert await asyncio.wait_for(reader.read(1), 2) == b"", "still open"
        writer.close()
        await writer.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await server.resume()
        async with modbus_client(port) as client:
            assert not (await client.read_holding_registers(0, count=1, device_id=1)).isError()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
async def test_command_line_serves_both_protocols_until_it_is_ended(tmp_path: Path, end: signal.Signals) -> None:
    truth, plant = tmp_path / "truth.jsonl", tmp_path / "plant.yaml"
    command = ["-m", "simulators", "--scenario", "bench", "--truth", str(truth), "--plant-file", str(plant)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        async with modbus_client(ready["modbus_port"]) as client:
            assert (await client.read_holding_registers(0, count=1, device_id=1)).registers[0] in range(5)
        async with Client(f"opc.tcp://127.0.0.1:{ready['opcua_port']}") as client:
            assert await (await opcua_nodes(client, "Mixer"))["State"].read_value() in range(1, 18)
        assert str(ready["opcua_port"]) in plant.read_text()
        ended_us = wall_clock_us()
        process.send_signal(end)
        code = await asyncio.wait_for(process.wait(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert code == (0 if end == signal.SIGINT else -signal.SIGKILL)
    assert Truth.load(truth).until_us > ended_us - 2_000_000
