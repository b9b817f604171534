"""Modbus TCP: one connection, one request at a time, reading function codes only.

Every frame that comes in is judged before the library sees it (see `frame`). One that can't be the answer
ends the connection: what the device sends next can't be trusted to be ours either.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from connectors import status
from connectors.base import Clock, ConnectorError, Reading, TagSpec, usable
from connectors.modbus.address import Table
from connectors.modbus.frame import Expected, expected_answer
from connectors.modbus.plan import Block, plan_blocks, without_gaps
from connectors.modbus.units import SilentUnits

DEFAULT_MAX_GAP = 8
"""Eight unasked registers cost less on the wire than a second request's round trip."""
SILENT_UNITS_PER_POLL = 2
"""So often may one poll wait in vain: whoever polls gives it no more than three timeouts."""

# Failures are raised to whoever polls, who reports a change once; the library would report every attempt.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

# Only these: machines are read, never written.
_REQUESTS: dict[Table, type[ModbusPDU]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
_ILLEGAL_ADDRESS = 2
# Modbus application protocol 1.1b3, chapter 7
_EXCEPTION_STATUS = {
    1: status.BAD_NOT_SUPPORTED,
    _ILLEGAL_ADDRESS: status.BAD_NODE_ID_UNKNOWN,
    3: status.BAD_OUT_OF_RANGE,
    4: status.BAD_DEVICE_FAILURE,
    5: status.BAD_RESOURCE_UNAVAILABLE,
    6: status.BAD_RESOURCE_UNAVAILABLE,
    8: status.BAD_DEVICE_FAILURE,
    10: status.BAD_NO_COMMUNICATION,
    11: status.BAD_NO_COMMUNICATION,
}


class DeviceException(Exception):
    """The device refused one request (and the connection is well): `code` is its Modbus exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class UnitSilentError(ConnectorError):
    """The unit asked gave no answer in time, while the connection held."""


class ModbusConnector:
    """Reads tags from one Modbus TCP endpoint. Of several units behind it, one that is silent is Bad alone.

    Parameters
    ----------
    settings
        `host`, `port` (502), `timeout_s` (5), `max_gap` (items, see `plan_blocks`).
    tags
        What to read.
    clock
        Gives receive times [µs UTC].

    Raises
    ------
    AddressError
        A tag can't be read.
    """

    def __init__(self, settings: Mapping[str, Any], tags: Sequence[TagSpec], clock: Clock) -> None:
        self._endpoint = f"{settings['host']}:{settings.get('port') or 502}"
        self._timeout_s = float(settings.get("timeout_s", 5.0))
        self._clock = clock
        self._blocks = list(plan_blocks(tags, int(settings.get("max_gap", DEFAULT_MAX_GAP))))
        self._expected: Expected | None = None
        self._frame = b""
        self._silent = SilentUnits()
        self._host, self._port = settings["host"], settings.get("port") or 502
        self._client = self._fresh_client()

    def _fresh_client(self) -> AsyncModbusTcpClient:
        return AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=self._timeout_s,
            retries=0,  # a retry would reuse the transaction id, and take the first answer for the second
            reconnect_delay=0,  # never by itself: a fresh connector is made for every attempt
            trace_packet=self._judge,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._connect()
        return self

    async def _connect(self) -> None:
        if not await self._client.connect():
            raise ConnectorError(f"no connection to {self._endpoint}; is the device on, and does it serve Modbus TCP?")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket at once: Modbus has no farewell."""
        self._client.close()

    async def poll(self) -> list[Reading]:
        """Read all blocks, one after the other. A block that the device refuses gives Bad readings, alone.

        So does a unit that gives no answer, as long as another one on the connection may give some.
        """
        readings: list[Reading] = []
        waits = 0
        # Units that were silent come last: waiting for them must not cost the others their turn.
        for unit in sorted({block.unit for block in self._blocks}, key=lambda u: (u in self._silent, u)):
            blocks = [block for block in self._blocks if block.unit == unit]
            if waits == SILENT_UNITS_PER_POLL or not self._silent.may_be_asked(unit, _now_s()):
                readings += self._bad(blocks, status.BAD_TIMEOUT)
                continue
            try:
                readings += [reading for block in blocks for reading in await self._read(block)]
                self._silent.answered(unit)
            except UnitSilentError:
                self._silent.fell_silent(unit, _now_s())
                if all(block.unit in self._silent for block in self._blocks):
                    raise
                await self._reconnect()
                waits += 1
                readings += self._bad(blocks, status.BAD_TIMEOUT)
        return readings

    async def _reconnect(self) -> None:
        """Go on over a fresh connection: no late answer can reach it."""
        self._client.close()
        self._client = self._fresh_client()
        await self._connect()

    async def _read(self, block: Block) -> list[Reading]:
        try:
            values = block.decode(await self._request(block))
        except DeviceException as refusal:
            if refusal.code == _ILLEGAL_ADDRESS and block.is_gapped:
                return await self._read_without_gaps(block)
            return self._bad([block], _EXCEPTION_STATUS.get(refusal.code, status.BAD_DEVICE_FAILURE))
        now_us = self._clock()
        return [
            Reading(field.key, *usable(value, status.GOOD), None, None, now_us)
            for field, value in zip(block.fields, values, strict=True)
        ]

    async def _read_without_gaps(self, block: Block) -> list[Reading]:
        # The device has no registers in the holes that we read along: from now on they are left out.
        parts = without_gaps(block)
        at = self._blocks.index(block)
        self._blocks[at : at + 1] = parts
        return [reading for part in parts for reading in await self._read(part)]

    def _bad(self, blocks: Sequence[Block], code: int) -> list[Reading]:
        now_us = self._clock()
        return [Reading(field.key, None, code, None, None, now_us) for block in blocks for field in block.fields]

    async def _request(self, block: Block) -> Sequence[int]:
        if not self._client.connected:
            raise ConnectorError(f"{self._endpoint} closed the connection")
        request = _REQUESTS[block.table](address=block.start, count=block.count, dev_id=block.unit)
        try:
            reply = await self._client.execute(False, request)
        except ModbusException as error:
            # The library keeps the connection after a timeout, and has none any more where the device closed it.
            kind = UnitSilentError if self._client.connected else ConnectorError
            raise kind(f"{self._endpoint} gave no answer for unit {block.unit} within {self._timeout_s:g} s") from error
        code = self._expected.refusal_code(self._frame) if self._expected else None
        if code is not None:
            raise DeviceException(code)
        items: Sequence[int] = reply.bits[: block.count] if block.table.holds_bits else reply.registers
        return items

    def _judge(self, is_sending: bool, data: bytes) -> bytes:
        """See every frame before the library does; hand on only what can be the answer, whole or begun."""
        if is_sending:
            self._expected = expected_answer(data)
            return data
        self._frame = bytes(data)
        if self._expected is not None and self._expected.fits(self._frame):
            return data
        waiting = self._client.ctx.response_future
        if not waiting.done():
            waiting.set_exception(
                ConnectorError(f"{self._endpoint} sent what is no answer to the request; the connection is dropped")
            )
        return b""


def _now_s() -> float:
    return asyncio.get_running_loop().time()
