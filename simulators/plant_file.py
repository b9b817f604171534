"""The plant file of a scenario: how a collector reaches the simulated machines and what their signals mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulators.registers import REFERENCES
from simulators.spec import LineSpec, MachineSpec, Scenario

NAMESPACE_URI: Final = "urn:oee:simulator"
_REASONS = "reasons: {17: JAM, 23: MECH, 31: MATERIAL, 90: CHANGE, 91: CLEAN}"
_SIMPLE_MAP = "map: {0: unplanned_stop, 1: run, 2: unplanned_stop, 3: external_stop, 4: planned_stop}"
_COUNTERS = ("good", "reject", "total")


def plant_yaml(scenario: Scenario, opcua_port: int, modbus_port: int, interval_s: float = 1.0) -> str:
    """Return the plant file (YAML) of a scenario whose servers listen on these ports of 127.0.0.1."""
    lines = "\n".join(text for line in scenario.lines for text in _line(line, scenario.machine_settings))
    connectors = (
        "connectors:\n"
        f'  plc_opcua: {{kind: opcua, endpoint: "opc.tcp://127.0.0.1:{opcua_port}", mode: poll, '
        f"interval_s: {interval_s}, security: {{policy: None, accept_none: true}}}}\n"
        f"  plc_modbus: {{kind: modbus, host: 127.0.0.1, port: {modbus_port}, interval_s: {interval_s}}}\n"
    )
    return f"{scenario.plant_head}{_products(scenario)}{connectors}lines:\n{lines}\n{scenario.plant_tail}"


def _products(scenario: Scenario) -> str:
    made = dict.fromkeys(line.product for line in scenario.lines if line.product)
    rows = "".join(f"  {product}: {{name: {name}, unit: {unit}}}\n" for product, name, unit in made)
    return f"products:\n{rows}" if rows else ""


def _line(line: LineSpec, settings: tuple[str, ...]) -> Iterator[str]:
    targets = ", ".join(f"{name}: {target}" for name, target in line.targets.items())
    yield f"  {line.id}:"
    yield f"    name: {line.name}"
    yield "    calendar: default"
    yield f"    rollup: {{method: constraint, machine: {line.constraint}}}"
    yield f"    targets: {{{targets}}}"
    yield "    machines:"
    for machine in line.machines:
        yield f"      {machine.id}:"
        cycle = f"ideal_cycle_s: {machine.ideal_cycle_us / 1e6:g}"
        yield f"        products: {{{line.product[0]}: {{{cycle}}}}}" if line.product else f"        {cycle}"
        yield from (f"        {setting}" for setting in settings)
        yield "        signals:"
        yield from (f"          {signal}: {{{_signal(machine, signal)}}}" for signal in machine.signals)


def _signal(machine: MachineSpec, signal: str) -> str:
    if machine.protocol == "opcua":
        address = f'connector: plc_opcua, address: "nsu={NAMESPACE_URI};s={machine.tag}.{signal.capitalize()}"'
        profile = "profile: packml"
    else:
        width = "uint32, byte_order: ABCD" if signal in _COUNTERS else "uint16"
        address = f'connector: plc_modbus, address: "{REFERENCES[signal]}", type: {width}, unit: {machine.unit}'
        profile = f"profile: custom, {_SIMPLE_MAP}"
    if signal in _COUNTERS:
        return f"{address}, counter: {{modulus: {machine.modulus}, glitch_tolerance: 5}}"
    if signal == "fault":
        return f"{address}, {_REASONS}"
    return f"{address}, {profile}"
