"""Readings per second of one poll loop, and of a subscription, against servers in a process of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from contextlib import aclosing

from connectors.base import Connector, TagSpec
from connectors.registry import create

_URI = "urn:bench"
_OPCUA_NODES = 1_000
_MODBUS_REGISTERS = 1_000
_SECONDS = 3.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _serve_opcua(port: int) -> None:
    from asyncua import Server, ua  # in the server's process only

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(_URI)
    for k in range(_OPCUA_NODES):
        await server.nodes.objects.add_variable(ua.NodeId(f"n{k}", index), f"n{k}", float(k))
    async with server:
        await asyncio.Event().wait()


def _run_opcua(port: int) -> None:
    asyncio.run(_serve_opcua(port))


async def _serve_changes(port: int) -> None:
    """Serve nodes that change without pause, as fast as the server can take it."""
    from asyncua import Server, ua  # in the server's process only

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(_URI)
    ids = [ua.NodeId(f"n{k}", index) for k in range(_OPCUA_NODES)]
    for node in ids:
        await server.nodes.objects.add_variable(node, str(node.Identifier), 0.0)
    async with server:
        value = 0.0
        while True:
            value += 1.0
            for node in ids:
                await server.write_attribute_value(node, ua.DataValue(ua.Variant(value)))
            await asyncio.sleep(0)


def _run_changes(port: int) -> None:
    asyncio.run(_serve_changes(port))


def _run_modbus(port: int) -> None:
    from pyModbusTCP.server import DataBank, ModbusServer  # in the server's process only

    ModbusServer("127.0.0.1", port, data_bank=DataBank(h_regs_size=_MODBUS_REGISTERS)).start()


async def _opened(connector_of: object, deadline_s: float = 60.0) -> Connector:
    assert callable(connector_of)
    end = time.monotonic() + deadline_s
    while True:
        connector: Connector = connector_of()
        try:
            return await connector.__aenter__()
        except Exception:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)


async def _rate(connector_of: object) -> tuple[float, float]:
    """Return readings per second of wall time, and µs of this process's CPU per reading."""
    connector = await _opened(connector_of)
    try:
        await connector.poll()
        count, begin, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - begin < _SECONDS:
            count += len(await connector.poll())
        wall, used = time.perf_counter() - begin, time.process_time() - cpu
    finally:
        await connector.__aexit__(None, None, None)
    return count / wall, used / count * 1e6


async def _streamed(connector_of: object) -> tuple[float, float]:
    """Return the same of a subscription."""
    connector = await _opened(connector_of)
    try:
        count, begin, cpu = 0, None, time.process_time()
        async with aclosing(connector.stream()) as batches:  # type: ignore[attr-defined]
            async for batch in batches:
                if len(batch.readings) and begin is None:  # the first values are no changes
                    begin, cpu = time.perf_counter(), time.process_time()
                    continue
                count += len(batch.readings)
                if begin is not None and time.perf_counter() - begin >= _SECONDS:
                    break
        assert begin is not None
        wall, used = time.perf_counter() - begin, time.process_time() - cpu
    finally:
        await connector.__aexit__(None, None, None)
    return count / wall, used / count * 1e6


def _measure(
    name: str,
    server: object,
    kind: str,
    settings: dict[str, object],
    tags: list[TagSpec],
    port: int,
    measured: object = _rate,
):
    assert callable(measured)
    process = multiprocessing.get_context("spawn").Process(target=server, args=(port,), daemon=True)
    process.start()
    try:
        rate, cpu_us = asyncio.run(measured(lambda: create(kind, settings, tags)))
    finally:
        process.kill()
        process.join()
    return [(name, rate, "readings/s"), (f"{name}, client CPU", cpu_us, "µs/reading")]


def run() -> list[tuple[str, float, str]]:
    """Return (name, figure, unit)."""
    opcua, changes, modbus = _free_port(), _free_port(), _free_port()
    nodes = [TagSpec(f"l/m/{k}", f"nsu={_URI};s=n{k}") for k in range(_OPCUA_NODES)]
    registers = [TagSpec(f"l/m/{k}", f"holding:{k}", "float32") for k in range(0, _MODBUS_REGISTERS, 2)]
    polled = {"endpoint": f"opc.tcp://127.0.0.1:{opcua}/"}
    followed = {"endpoint": f"opc.tcp://127.0.0.1:{changes}/", "interval_s": 0.1}
    return [
        *_measure("OPC UA poll", _run_opcua, "opcua", polled, nodes, opcua),
        *_measure("OPC UA subscribe", _run_changes, "opcua", followed, nodes, changes, _streamed),
        *_measure("Modbus poll", _run_modbus, "modbus", {"host": "127.0.0.1", "port": modbus}, registers, modbus),
    ]


if __name__ == "__main__":
    for name, figure, unit in run():
        print(f"{name}: {figure:,.1f} {unit}")
