"""Which kinds of connector there are. A third party's kind is an entry point of the group `oee.connectors`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from connectors.base import Clock, Connector, ConnectorError, TagSpec, system_clock_us

ENTRY_POINT_GROUP = "oee.connectors"
# Loaded on first use: a plant without OPC UA never pays for importing its library.
_BUILT_IN = {
    "modbus": "connectors.modbus.client:ModbusConnector",
    "opcua": "connectors.opcua.client:OpcUaConnector",
}


class ConnectorFactory(Protocol):
    """What a kind's entry point names: usually the connector's class."""

    def __call__(self, settings: Mapping[str, Any], tags: Sequence[TagSpec], clock: Clock) -> Connector:
        """Make a connector, not yet connected."""
        ...


def create(
    kind: str, settings: Mapping[str, Any], tags: Sequence[TagSpec], clock: Clock = system_clock_us
) -> Connector:
    """Make a fresh connector of a kind, not yet connected.

    Parameters
    ----------
    kind
        "opcua", "modbus", or the name of an installed entry point.
    settings
        Of the endpoint: `endpoint` or `host` and `port`, `timeout_s`, and what the kind defines beyond them.
    tags
        What to read.
    clock
        Gives receive times [µs UTC].

    Raises
    ------
    ConnectorError
        The kind is unknown, or a tag or setting can't be used.
    """
    return _factory(kind)(settings, tags, clock)


def _factory(kind: str) -> ConnectorFactory:
    if kind in _BUILT_IN:
        module, _, name = _BUILT_IN[kind].partition(":")
        return cast("ConnectorFactory", getattr(import_module(module), name))
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=kind):
        return cast("ConnectorFactory", entry.load())
    raise ConnectorError(f"there is no connector of kind '{kind}'; built in are {', '.join(_BUILT_IN)}")
