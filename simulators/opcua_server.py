"""OPC UA server over the simulated machines that speak OPC UA: policy None, anonymous, read-only."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from asyncua import Server, ua

from simulators.live import LivePlant
from simulators.plant_file import NAMESPACE_URI

TICK_S = 0.1
_DEAD: Final = ua.StatusCodes.BadSensorFailure
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: Final = {
    "state": ua.VariantType.Int32,
    "mode": ua.VariantType.Int32,
    "fault": ua.VariantType.Int32,
    "good": ua.VariantType.UInt32,
    "reject": ua.VariantType.UInt32,
    "total": ua.VariantType.UInt32,
    "product": ua.VariantType.String,
    "order": ua.VariantType.String,
}


class OpcuaSimulator:
    """Serves nodes such as ``nsu=urn:oee:simulator;s=Filler.State``; use as ``async with``.

    Every `TICK_S` all values are written anew, each exact at its source timestamp; Bad while its sensors are dead.

    Parameters
    ----------
    live : LivePlant
        All its OPC UA machines are served.
    host, port : str, int
        Where to listen; port 0 takes a free one, which `port` then gives.
    """

    def __init__(self, live: LivePlant, host: str = "127.0.0.1", port: int = 0) -> None:
        self._live = live
        self._host = host
        self._port = port
        self._machines = [m for m in live.plant.scenario.machines if m.protocol == "opcua"]
        self._nodes: dict[tuple[str, str], ua.NodeId] = {}
        self._server = Server()
        self._ticker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def endpoint(self) -> str:
        """The endpoint's URL."""
        return f"opc.tcp://{self._host}:{self._port}"

    async def pause(self) -> None:
        """Cut the device off: all connections end, new ones are refused."""
        await self._server.bserver.stop()

    async def resume(self) -> None:
        """Listen again, on the same port."""
        await self._server.bserver.start()

    async def __aenter__(self) -> Self:
        self._server.set_endpoint(self.endpoint)
        self._server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self._server.set_identity_tokens([ua.AnonymousIdentityToken])
        self._server.set_server_name("OEE simulator")
        await self._server.init()
        await self._server.set_application_uri(NAMESPACE_URI)
        await self._add_nodes()
        await self._write_values()
        await self._server.start()
        self._port = self._server.bserver.port
        self._ticker = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._ticker is not None
        self._ticker.cancel()
        with suppress(asyncio.CancelledError):
            await self._ticker
        await self._server.stop()

    async def _add_nodes(self) -> None:
        namespace = await self._server.register_namespace(NAMESPACE_URI)
        for machine in self._machines:
            folder = await self._server.nodes.objects.add_folder(
                ua.NodeId(machine.tag, namespace), ua.QualifiedName(machine.tag, namespace)
            )
            for signal, variant_type in _TYPES.items():
                node_id = ua.NodeId(f"{machine.tag}.{signal.capitalize()}", namespace)
                name = ua.QualifiedName(signal.capitalize(), namespace)
                empty = "" if variant_type is ua.VariantType.String else 0
                await folder.add_variable(node_id, name, ua.Variant(empty, variant_type))
                self._nodes[machine.id, signal] = node_id

    async def _write_values(self) -> None:
        for machine in self._machines:
            now_us, reading = self._live.read(machine.id)
            at = _EPOCH + timedelta(microseconds=now_us)
            for signal, variant_type in _TYPES.items():
                value = ua.Variant() if reading is None else ua.Variant(getattr(reading, signal), variant_type)
                shown = ua.DataValue(
                    value,
                    StatusCode=ua.StatusCode(_DEAD if reading is None else ua.StatusCodes.Good),
                    SourceTimestamp=at,
                    ServerTimestamp=datetime.now(UTC),
                )
                await self._server.write_attribute_value(self._nodes[machine.id, signal], shown)

    async def _tick(self) -> None:
        while True:
            await self._write_values()
            await asyncio.sleep(TICK_S)
