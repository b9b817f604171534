"""Plant file → what to collect from which endpoint, pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.base import TagSpec
from oee.collect.endpoint import ConnectorPlan, PlannedTag
from oee.collect.exception import TagRole
from oee.config.model import ConnectorConfig, PlantConfig, SignalConfig


def collection_plan(plant: PlantConfig) -> tuple[ConnectorPlan, ...]:
    """Return one plan for each connector that a signal uses, in the plant file's order.

    Parameters
    ----------
    plant
        A checked plant.

    Returns
    -------
    tuple of ConnectorPlan
        Tags are named "line/machine/signal". Signals without a connector are left out.
    """
    tags: dict[str, list[PlannedTag]] = {name: [] for name in plant.connectors}
    for machine_key, signal in _signals(plant):
        if signal.connector is not None and signal.address is not None:
            tags[signal.connector].append(_tag(machine_key, signal, signal.address))
    return tuple(_plan(config, tuple(tags[name])) for name, config in plant.connectors.items() if tags[name])


def _plan(config: ConnectorConfig, tags: tuple[PlannedTag, ...]) -> ConnectorPlan:
    settings = _settings(config)
    return ConnectorPlan(config.id, config.kind, settings, config.interval_s, config.timeout_s, tags, config.mode)


def _signals(plant: PlantConfig) -> Iterator[tuple[str, SignalConfig]]:
    for line in plant.lines.values():
        for machine in line.machines.values():
            for signal in machine.signals.values():
                yield f"{line.id}/{machine.id}", signal


def _tag(machine_key: str, signal: SignalConfig, address: str) -> PlannedTag:
    key = f"{machine_key}/{signal.name}"
    spec = TagSpec(key, address, signal.type, signal.byte_order, signal.unit, signal.length)
    return PlannedTag(key, machine_key, spec, _role(signal))


def _role(signal: SignalConfig) -> TagRole:
    if signal.delta:
        return TagRole.DELTA
    return TagRole.COUNTER if signal.counter is not None else TagRole.VALUE


def _settings(config: ConnectorConfig) -> dict[str, Any]:
    given = {
        "endpoint": config.endpoint,
        "host": config.host,
        "port": config.port,
        "timeout_s": config.timeout_s,
        "interval_s": config.interval_s if config.mode == "subscribe" else None,
        "sampling_s": config.sampling_s,
    }
    return {name: value for name, value in given.items() if value is not None}
