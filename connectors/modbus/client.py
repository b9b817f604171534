"""Modbus TCP: one connection, one request at a time, reading function codes only.

Every frame that comes in is judged before the library sees it (see `frame`). One that can't be the answer
ends the connection: what the device sends next can't be trusted to be ours either.
"""

from __future__ import annotations

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

DEFAULT_MAX_GAP = 8
"""Eight unasked registers cost less on the wire than a second request's round trip."""

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


class ModbusConnector:
    """Reads tags from one Modbus TCP endpoint.

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
        self._client = AsyncModbusTcpClient(
            settings["host"],
            port=settings.get("port") or 502,
            timeout=self._timeout_s,
            retries=0,  # a retry would reuse the transaction id, and take the first answer for the second
            reconnect_delay=0,  # never by itself: a fresh connector is made for every attempt
            trace_packet=self._judge,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        if not await self._client.connect():
            raise ConnectorError(f"no connection to {self._endpoint}; is the device on, and does it serve Modbus TCP?")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket at once: Modbus has no farewell."""
        self._client.close()

    async def poll(self) -> list[Reading]:
        """Read all blocks, one after the other. A block that the device refuses gives Bad readings, alone."""
        readings: list[Reading] = []
        for block in tuple(self._blocks):
            readings += await self._read(block)
        return readings

    async def _read(self, block: Block) -> list[Reading]:
        try:
            values = block.decode(await self._request(block))
        except DeviceException as refusal:
            if refusal.code == _ILLEGAL_ADDRESS and block.is_gapped:
                return await self._read_without_gaps(block)
            return self._refused(block, refusal.code)
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

    def _refused(self, block: Block, code: int) -> list[Reading]:
        bad = _EXCEPTION_STATUS.get(code, status.BAD_DEVICE_FAILURE)
        now_us = self._clock()
        return [Reading(field.key, None, bad, None, None, now_us) for field in block.fields]

    async def _request(self, block: Block) -> Sequence[int]:
        if not self._client.connected:
            raise ConnectorError(f"{self._endpoint} closed the connection")
        request = _REQUESTS[block.table](address=block.start, count=block.count, dev_id=block.unit)
        try:
            reply = await self._client.execute(False, request)
        except ModbusException as error:
            raise ConnectorError(
                f"{self._endpoint} gave no answer for unit {block.unit} within {self._timeout_s:g} s"
            ) from error
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
