"""OPC UA: one session with one server, and what has to be asked of the server before anything else.

Security policy None and anonymous log-in only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from asyncua import Client, ua

from connectors import status
from connectors.base import ConnectorError
from connectors.opcua.address import NodeAddress

# Failures are raised to whoever polls, who reports a change once; the library would report every attempt,
# and below WARNING it formats whole answers.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

MAX_ITEMS_PER_CALL = 1_000
"""Where the server names no limit: larger answers bring no more speed, only longer pauses."""
CLOSE_TIMEOUT_S = 1.0
# The library's own watchdog reads the server's state and gives up after its interval; here polls judge liveness,
# or the age of the last publication.
_WATCHDOG_OFF_S = 365 * 86_400.0
_NAMESPACES = ua.NodeId(ua.ObjectIds.Server_NamespaceArray)
_LIMITS = {
    "read": ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead),
    "monitor": ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall),
}


class Session:
    """A session, not yet open; discarded after any failure.

    Parameters
    ----------
    endpoint
        opc.tcp://host:port/path.
    timeout_s
        Of each request.
    """

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        self.endpoint = endpoint
        self._client = Client(endpoint, timeout=timeout_s, watchdog_intervall=_WATCHDOG_OFF_S)
        self.services = self._client.uaclient
        """The library's bare services."""

    async def open(self) -> None:
        """Connect; raise `ConnectorError` where that fails."""
        with self.explaining():
            await self._client.connect(auto_reconnect=False)

    async def close(self) -> None:
        """Close the session if the server answers soon, the socket and the library's tasks in any case."""
        # It stops the library's tasks before it asks the server for anything.
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._client.disconnect()
        self._client.disconnect_socket()
        await asyncio.sleep(0)  # lets the loop close the socket

    async def read(self, request: ua.ReadParameters) -> list[ua.DataValue]:
        """Return one value for each node asked for."""
        values: list[ua.DataValue] = await self.services.read(request)
        if len(values) != len(request.NodesToRead):
            raise ConnectorError(f"{self.endpoint} answered {len(values)} of {len(request.NodesToRead)} values")
        return values

    async def limit(self, operation: str) -> int:
        """Return how many nodes the server takes in one call of "read" or "monitor"."""
        [limit] = await self.read(read_request([_LIMITS[operation]]))
        is_given = status.is_good(limit.StatusCode.value) and limit.Value.Value
        return min(MAX_ITEMS_PER_CALL, int(limit.Value.Value)) if is_given else MAX_ITEMS_PER_CALL

    async def namespaces(self) -> dict[str, int]:
        """Return the namespaces' numbers by their URIs, as they are now."""
        [namespaces] = await self.read(read_request([_NAMESPACES]))
        return {uri: index for index, uri in enumerate(namespaces.Value.Value or [])}

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Turn what the library raises into one sentence; bugs and cancellation pass."""
        try:
            yield
        except TimeoutError as error:
            raise ConnectorError(f"{self.endpoint} did not answer in time") from error
        except OSError as error:
            raise ConnectorError(f"no connection to {self.endpoint}: {error}") from error
        except ua.UaError as error:
            raise ConnectorError(f"{self.endpoint}: {error or type(error).__name__}") from error


def read_request(nodes: Sequence[ua.NodeId]) -> ua.ReadParameters:
    """Return the request that reads the values of nodes, with both timestamps."""
    return ua.ReadParameters(TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=[value_of(n) for n in nodes])


def value_of(node: ua.NodeId) -> ua.ReadValueId:
    """Return how services name the value of a node."""
    return ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value)


def node_id(address: NodeAddress, index_of: Mapping[str, int]) -> ua.NodeId | None:
    """Return a node's id as the namespaces are numbered now; None where the server does not know its namespace."""
    index = address.index if address.uri is None else index_of.get(address.uri)
    return None if index is None else ua.NodeId(address.identifier, index)
