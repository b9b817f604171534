"""What every connector speaks: tags in, readings out, one error.

A connector knows its protocol and nothing of the service. It is opened once, polled until something goes
wrong, and then thrown away: the caller makes a fresh one for every connection attempt.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from connectors import status

Value = float | int | str | bool
Clock = Callable[[], int]
"""Returns the time now [µs UTC]."""

MAX_TEXT_BYTES = 2_000
"""Longer texts (in UTF-8) are no state, product or order; they are reported as Bad, as no index could hold them."""


class ConnectorError(Exception):
    """The device can't be read now; the text says why, for the person who has to mend it."""


class AddressError(ConnectorError):
    """A tag's address, type or byte order can't be used; the text says how to write it."""


@dataclass(frozen=True, slots=True)
class TagSpec:
    """One value to read. `key` is opaque to the connector and comes back with each reading.

    `type`, `byte_order`, `unit` (the Modbus unit id) and `length` (registers of a text) matter to protocols that do
    not describe their data.
    """

    key: str
    address: str
    type: str | None = None
    byte_order: str = "ABCD"
    unit: int = 1
    length: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as the device gave it. All times in µs UTC.

    `status` is a 32-bit OPC UA StatusCode, 0 is Good; `value` is None unless the device gave a usable one.
    `source_ts_us` is when the value arose, `server_ts_us` what the device's clock showed when it answered:
    both None where the protocol carries no time. `receive_ts_us` is this computer's time of the answer.
    """

    key: str
    value: Value | None
    status: int
    source_ts_us: int | None
    server_ts_us: int | None
    receive_ts_us: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What a subscription brought at once. Without readings it says that the device is well and nothing changed.

    Readings of a tag come in the order in which the device gave them. `through_us` [µs UTC]: whatever arose up to
    then, by this computer's clock, has come with this batch or before it. `receive_ts_us` is when it came.
    """

    readings: tuple[Reading, ...]
    through_us: int
    receive_ts_us: int


class Connector(Protocol):
    """A connection to one endpoint: `async with` opens it, every `poll` reads all tags once."""

    async def __aenter__(self) -> Self:
        """Connect; raise `ConnectorError` (or `TimeoutError`, `OSError`) where that fails."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect within a bounded time, leaving no task and no socket behind."""
        ...

    async def poll(self) -> Sequence[Reading]:
        """Read every tag once; raise as `__aenter__` does where the connection has failed."""
        ...


class StreamingConnector(Connector, Protocol):
    """A connector whose device reports changes by itself (`mode: subscribe`)."""

    def stream(self) -> AsyncGenerator[Batch, None]:
        """Yield batches, the first ones with the current value of every tag, until the connection fails.

        A silent device is a failed connection: where none is yielded for long, `ConnectorError` is raised.
        """
        ...


def system_clock_us() -> int:
    """Return the computer's time [µs UTC]."""
    return time.time_ns() // 1_000


def usable(value: object, code: int) -> tuple[Value | None, int]:
    """Return `value` and `code` as they may go into a reading: never what could not be stored.

    Parameters
    ----------
    value
        What the protocol's library decoded.
    code
        The StatusCode the device gave with it.

    Returns
    -------
    tuple
        The value (None where it can't be used) and its StatusCode, Bad where the value was dropped here.
    """
    if status.is_bad(code):
        return None, code
    if isinstance(value, bool | int):
        return (value, code) if -(2**63) <= value < 2**64 else (None, status.BAD_OUT_OF_RANGE)
    if isinstance(value, float):
        return (value, code) if math.isfinite(value) else (None, status.BAD_OUT_OF_RANGE)
    if isinstance(value, str):
        fault = _text_fault(value)
        return (value, code) if fault is None else (None, fault)
    return None, status.BAD_NO_DATA if value is None else status.BAD_TYPE_MISMATCH


def _text_fault(text: str) -> int | None:
    """Return why a text can't be stored, as a StatusCode: no database holds a NUL, no UTF-8 half a surrogate pair."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return status.BAD_DECODING_ERROR
    if b"\0" in encoded:
        return status.BAD_DECODING_ERROR
    return status.BAD_ENCODING_LIMITS_EXCEEDED if len(encoded) > MAX_TEXT_BYTES else None
