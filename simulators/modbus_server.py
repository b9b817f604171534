"""Modbus TCP server over the simulated machines that speak Modbus: one unit per machine, function codes 1 to 4 only.

It is written out here rather than taken from pymodbus: that server also takes writes, keeps its values in blocks of
its own instead of asking for them at the moment of the request, and would share the coding of frames with the client
that the simulators are there to test.
"""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum
from typing import Final, Self

from simulators.live import LivePlant
from simulators.registers import BIT_COUNT, REGISTER_COUNT, bits_of, registers_of

_HEADER: Final = struct.Struct(">HHHB")
_REQUEST: Final = struct.Struct(">BHH")
_BITS_PER_REQUEST = 2000
_REGISTERS_PER_REQUEST = 125


class _Refusal(IntEnum):
    """Modbus exception codes."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    NO_SUCH_UNIT = 11


class ModbusSimulator:
    """Serves the register map of `simulators.registers`; use as ``async with``.

    The values of one answer are all of one instant, so that no counter is ever torn. While a machine's sensors are
    dead, its unit answers with the exception "server device failure".

    Parameters
    ----------
    live : LivePlant
        All its Modbus machines are served, each under its unit id.
    host, port : str, int
        Where to listen; port 0 takes a free one, which `port` then gives.
    """

    def __init__(self, live: LivePlant, host: str = "127.0.0.1", port: int = 0) -> None:
        self._live = live
        self._host = host
        self._port = port
        self._units = {m.unit: m.id for m in live.plant.scenario.machines if m.protocol == "modbus"}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    async def pause(self) -> None:
        """Switch the device off: all connections end, new ones are refused."""
        assert self._server is not None
        server, self._server = self._server, None
        server.close()
        for connection in list(self._connections):
            connection.transport.abort()
        await server.wait_closed()

    async def resume(self) -> None:
        """Switch it on again, on the same port."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self.pause()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            # a connection accepted just before the device was switched off ends here
            while self._server is not None:
                transaction, protocol, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                request = await reader.readexactly(length - 1)
                answer = self._answer(unit, request)
                writer.write(_HEADER.pack(transaction, protocol, len(answer) + 1, unit) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._connections.discard(writer)
            writer.close()

    def _answer(self, unit: int, request: bytes) -> bytes:
        function = request[0]
        if unit not in self._units:
            return _refuse(function, _Refusal.NO_SUCH_UNIT)
        if function not in {1, 2, 3, 4}:
            return _refuse(function, _Refusal.ILLEGAL_FUNCTION)
        if len(request) != _REQUEST.size:
            return _refuse(function, _Refusal.ILLEGAL_VALUE)
        _, address, count = _REQUEST.unpack(request)
        is_bits = function in {1, 2}
        if not 1 <= count <= (_BITS_PER_REQUEST if is_bits else _REGISTERS_PER_REQUEST):
            return _refuse(function, _Refusal.ILLEGAL_VALUE)
        if address + count > (BIT_COUNT if is_bits else REGISTER_COUNT):
            return _refuse(function, _Refusal.ILLEGAL_ADDRESS)
        return self._values(unit, function, slice(address, address + count))

    def _values(self, unit: int, function: int, wanted: slice) -> bytes:
        _, reading = self._live.read(self._units[unit])
        if reading is None:
            return _refuse(function, _Refusal.DEVICE_FAILURE)
        if function in {1, 2}:
            data = _packed(bits_of(reading)[wanted])
        else:
            data = b"".join(register.to_bytes(2) for register in registers_of(reading)[wanted])
        return bytes([function, len(data)]) + data


def _refuse(function: int, why: _Refusal) -> bytes:
    return bytes([function | 0x80, why])


def _packed(bits: list[bool]) -> bytes:
    """Return bits as bytes, the first one lowest."""
    number = sum(bit << place for place, bit in enumerate(bits))
    return number.to_bytes(-(-len(bits) // 8), "little")
