"""OPC UA servers for tests, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from datetime import UTC, datetime

from asyncua import Server, ua
from asyncua.common.utils import ServiceError

URI = "urn:acme:machine"


@contextlib.asynccontextmanager
async def serving(port, values, *, before=(), max_nodes=0, max_items=0):
    """Serve nodes of the namespace URI: name → value or DataValue. `before` registers other namespaces first."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/acme")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    for uri in before:
        await server.register_namespace(uri)
    index = await server.register_namespace(URI)
    for name, value in values.items():
        is_whole = isinstance(value, ua.DataValue)
        node = await server.nodes.objects.add_variable(ua.NodeId(name, index), name, value.Value if is_whole else value)
        if is_whole:
            await server.write_attribute_value(node.nodeid, value)
    if max_nodes:
        _limit_reads(server, max_nodes)
        limit = server.get_node(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)
        await limit.write_value(ua.Variant(max_nodes, ua.VariantType.UInt32))
    if max_items:
        _limit_items(server, max_items)
        limit = server.get_node(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall)
        await limit.write_value(ua.Variant(max_items, ua.VariantType.UInt32))
    async with server:
        yield server


def _limit_reads(server, max_nodes):
    """Make the server refuse what is beyond its published limit, as real ones do (the library publishes only)."""
    service = server.iserver.attribute_service
    read = service.read

    def limited(params):
        if len(params.NodesToRead) > max_nodes:
            raise ua.uaerrors.BadTooManyOperations
        return read(params)

    service.read = limited


def _limit_items(server, max_items):
    """The same for monitored items."""
    service = server.iserver.subscription_service
    create = service.create_monitored_items

    async def limited(params):
        if len(params.ItemsToCreate) > max_items:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        return await create(params)

    service.create_monitored_items = limited


async def write(server, **values):
    """Change nodes of the namespace URI: name → value or DataValue."""
    index = await server.get_namespace_index(URI)
    for name, value in values.items():
        node = ua.NodeId(name, index)
        given = value if isinstance(value, ua.DataValue) else ua.DataValue(value, SourceTimestamp=datetime.now(UTC))
        await server.write_attribute_value(node, given)


def main():
    """Serve one counter on the port given, in a process of its own; it counts up ten times a second."""

    async def run():
        async with serving(int(sys.argv[1]), {"Count": 0}) as server:
            for count in itertools.count(1):
                await write(server, Count=count)
                await asyncio.sleep(0.1)

    asyncio.run(run())


if __name__ == "__main__":
    main()
