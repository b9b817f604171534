"""OPC UA: one session, polled with the Read service or followed by a subscription.

Values come with their status (the library's `read_values` would hide it), in chunks that the server accepts.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

from asyncua import ua

from connectors import status
from connectors.base import Batch, Clock, Reading, TagSpec
from connectors.opcua.address import parse_address
from connectors.opcua.session import Session, node_id, read_request
from connectors.opcua.subscription import Pace, Subscription
from connectors.opcua.values import microseconds, reading_of

_CURRENT_TIME = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)


class OpcUaConnector:
    """Reads tags from one OPC UA server.

    Parameters
    ----------
    settings
        `endpoint` (opc.tcp://host:port/path), `timeout_s` (5) of each request; for `stream` also `interval_s` (1)
        between publications and `sampling_s` (the same) between the server's looks at a value.
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
        self._tags = [(tag.key, parse_address(tag.address)) for tag in tags]
        self._clock = clock
        interval_s = float(settings.get("interval_s", 1.0))
        self._pace = Pace(interval_s, float(settings.get("sampling_s", interval_s)))
        self._session = Session(str(settings["endpoint"]), float(settings.get("timeout_s", 5.0)))
        self._keys: list[str] = []
        self._unresolved: list[str] = []
        self._requests: list[ua.ReadParameters] = []

    async def __aenter__(self) -> Self:
        """Connect; learn the server's limits, and its namespaces as they are numbered now, at the first request."""
        try:
            await self._session.open()
        except BaseException:  # cancelled too: the library leaves its socket open then
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session if the server answers soon, the socket and the library's tasks in any case."""
        await self._session.close()

    async def poll(self) -> list[Reading]:
        """Read all tags. Unknown nodes and namespaces give Bad readings, alone."""
        values: list[ua.DataValue] = []
        with self._session.explaining():
            # A server may add its namespaces some time after it started to listen.
            if self._unresolved or not self._requests:
                await self._prepare()
            for request in self._requests:
                values += await self._session.read(request)
        return self._readings(values)

    async def stream(self) -> AsyncGenerator[Batch, None]:
        """Follow all tags by one subscription. What the server refuses gives Bad readings, alone."""
        subscription = Subscription(self._session, self._tags, self._pace, self._clock)
        async with aclosing(subscription.batches()) as batches:
            async for batch in batches:
                yield batch

    async def _prepare(self) -> None:
        most = await self._session.limit("read")
        index_of = await self._session.namespaces()
        nodes = {key: node_id(address, index_of) for key, address in self._tags}
        self._unresolved = [key for key, node in nodes.items() if node is None]
        self._keys = [key for key, node in nodes.items() if node is not None]
        asked = [_CURRENT_TIME, *(node for node in nodes.values() if node is not None)]
        self._requests = [read_request(asked[at : at + most]) for at in range(0, len(asked), most)]

    def _readings(self, values: Sequence[ua.DataValue]) -> list[Reading]:
        now_us = self._clock()
        # Not every server stamps its answers, but every one tells its time: the device's clock for R11.
        server_us = microseconds(values[0].Value.Value)
        given = zip(self._keys, values[1:], strict=True)
        readings = [reading_of(key, value, server_us, now_us) for key, value in given]
        unknown = status.BAD_NODE_ID_UNKNOWN
        return readings + [Reading(key, None, unknown, None, server_us, now_us) for key in self._unresolved]
