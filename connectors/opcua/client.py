"""OPC UA: one session, polled with the Read service.

Values come with their status (the library's `read_values` would hide it), in chunks that the server accepts.
Security policy None and anonymous log-in only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from asyncua import Client, ua

from connectors import status
from connectors.base import Clock, ConnectorError, Reading, TagSpec, Value, usable
from connectors.opcua.address import NodeAddress, parse_address

# Failures are raised to whoever polls, who reports a change once; the library would report every attempt,
# and below WARNING it formats whole answers.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

MAX_NODES_PER_READ = 1_000
"""Where the server names no limit: larger answers bring no more speed, only longer pauses."""
CLOSE_TIMEOUT_S = 1.0
# The library's own watchdog reads the server's state and gives up after its interval; polls judge liveness here.
_WATCHDOG_OFF_S = 365 * 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURRENT_TIME = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
_READ_LIMIT = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)
_NAMESPACES = ua.NodeId(ua.ObjectIds.Server_NamespaceArray)


class OpcUaConnector:
    """Reads tags from one OPC UA server.

    Parameters
    ----------
    settings
        `endpoint` (opc.tcp://host:port/path), `timeout_s` (5) of each request.
    tags
        What to read.
    clock
        Gives receive times [µs UTC].

    Raises
    ------
    AddressError
        A tag's address can't be read.
    """

    def __init__(self, settings: Mapping[str, Any], tags: Sequence[TagSpec], clock: Clock) -> None:
        self._endpoint = str(settings["endpoint"])
        self._tags = [(tag.key, parse_address(tag.address)) for tag in tags]
        self._clock = clock
        self._client = Client(
            self._endpoint, timeout=float(settings.get("timeout_s", 5.0)), watchdog_intervall=_WATCHDOG_OFF_S
        )
        self._max_nodes = MAX_NODES_PER_READ
        self._keys: list[str] = []
        self._unresolved: list[str] = []
        self._requests: list[ua.ReadParameters] = []

    async def __aenter__(self) -> Self:
        """Connect, learn the server's limits, resolve the namespaces as they are numbered now."""
        try:
            with self._explaining():
                await self._client.connect(auto_reconnect=False)
                await self._prepare()
        except BaseException:  # cancelled too: the library leaves its socket open then
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session if the server answers soon, the socket and the library's tasks in any case."""
        await self._close()

    async def poll(self) -> list[Reading]:
        """Read all tags. Unknown nodes and namespaces give Bad readings, alone."""
        values: list[ua.DataValue] = []
        with self._explaining():
            if self._unresolved:  # a server may add its namespaces some time after it started to listen
                await self._prepare()
            for request in self._requests:
                values += await self._read(request)
        return self._readings(values)

    async def _prepare(self) -> None:
        [limit] = await self._read(_request([_READ_LIMIT]))
        [namespaces] = await self._read(_request([_NAMESPACES]))
        if status.is_good(limit.StatusCode.value) and limit.Value.Value:
            self._max_nodes = min(MAX_NODES_PER_READ, int(limit.Value.Value))
        index_of = {uri: index for index, uri in enumerate(namespaces.Value.Value or [])}
        known = [(key, a) for key, a in self._tags if a.uri is None or a.uri in index_of]
        self._keys = [key for key, _ in known]
        self._unresolved = [key for key, a in self._tags if a.uri is not None and a.uri not in index_of]
        nodes = [_CURRENT_TIME, *(_node_id(a, index_of) for _, a in known)]
        self._requests = [_request(nodes[at : at + self._max_nodes]) for at in range(0, len(nodes), self._max_nodes)]

    async def _read(self, request: ua.ReadParameters) -> list[ua.DataValue]:
        values: list[ua.DataValue] = await self._client.uaclient.read(request)
        if len(values) != len(request.NodesToRead):
            raise ConnectorError(f"{self._endpoint} answered {len(values)} of {len(request.NodesToRead)} values")
        return values

    def _readings(self, values: Sequence[ua.DataValue]) -> list[Reading]:
        now_us = self._clock()
        # Not every server stamps its answers, but every one tells its time: the device's clock for R11.
        server_us = _microseconds(values[0].Value.Value)
        readings = [_reading(key, value, server_us, now_us) for key, value in zip(self._keys, values[1:], strict=True)]
        unknown = status.BAD_NODE_ID_UNKNOWN
        return readings + [Reading(key, None, unknown, None, server_us, now_us) for key in self._unresolved]

    async def _close(self) -> None:
        # It stops the library's tasks before it asks the server for anything.
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._client.disconnect()
        self._client.disconnect_socket()
        await asyncio.sleep(0)  # lets the loop close the socket

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn what the library raises into one sentence; bugs and cancellation pass."""
        try:
            yield
        except TimeoutError as error:
            raise ConnectorError(f"{self._endpoint} did not answer in time") from error
        except OSError as error:
            raise ConnectorError(f"no connection to {self._endpoint}: {error}") from error
        except ua.UaError as error:
            raise ConnectorError(f"{self._endpoint}: {error or type(error).__name__}") from error


def _request(nodes: Sequence[ua.NodeId]) -> ua.ReadParameters:
    return ua.ReadParameters(
        TimestampsToReturn=ua.TimestampsToReturn.Both,
        NodesToRead=[ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value) for node in nodes],
    )


def _node_id(address: NodeAddress, index_of: Mapping[str, int]) -> ua.NodeId:
    return ua.NodeId(address.identifier, index_of[address.uri] if address.uri is not None else address.index)


def _reading(key: str, given: ua.DataValue, server_us: int | None, now_us: int) -> Reading:
    code = given.StatusCode.value if given.StatusCode is not None else status.GOOD
    value, code = usable(_plain(given.Value), code)
    if server_us is None:
        server_us = _microseconds(given.ServerTimestamp)
    return Reading(key, value, code, _microseconds(given.SourceTimestamp), server_us, now_us)


def _plain(variant: ua.Variant | None) -> Value | object | None:
    """Return a variant's value; arrays and structures stay what they are, and `usable` turns them down."""
    value = variant.Value if variant is not None else None
    return value.Text if isinstance(value, ua.LocalizedText) else value


def _microseconds(time: object) -> int | None:
    """Return a time in µs UTC; None for none, and for the null time of 1601."""
    if not isinstance(time, datetime):
        return None
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    since = (aware - _EPOCH) // _MICROSECOND
    return since if since > 0 else None
