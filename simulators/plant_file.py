"""The plant file of a scenario: how a collector reaches the simulated machines and what their signals mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulators.registers import REFERENCES, TEXT_REGISTERS
from simulators.spec import TEXT_SIGNALS, LineSpec, MachineSpec, Scenario, Signal

NAMESPACE_URI: Final = "urn:oee:simulator"
_REASONS = "reasons: {17: JAM, 23: MECH, 31: MATERIAL, 90: CHANGE, 91: CLEAN}"
_SIMPLE_MAP = "map: {0: unplanned_stop, 1: run, 2: unplanned_stop, 3: external_stop, 4: planned_stop}"
_COUNTERS = ("good", "reject", "total")
_LOW_WORDS: Final = {"good": "holding:40012", "reject": "holding:40014", "total": "holding:40016"}
"""Where a counter of 16 bits stands: the lower word of its 32."""


def plant_yaml(scenario: Scenario, opcua_port: int, modbus_port: int, interval_s: float = 1.0) -> str:
    """Return the plant file (YAML) of a scenario whose servers listen on these ports of 127.0.0.1."""
    lines = "\n".join(text for line in scenario.lines for text in _line(line, scenario.machine_settings))
    connectors = (
        "connectors:\n"
        f'  plc_opcua: {{kind: opcua, endpoint: "opc.tcp://127.0.0.1:{opcua_port}", mode: {scenario.opcua_mode}, '
        f"interval_s: {interval_s}, security: {{policy: None, accept_none: true}}}}\n"
        f"  plc_modbus: {{kind: modbus, host: 127.0.0.1, port: {modbus_port}, interval_s: {interval_s}}}\n"
    )
    return f"{scenario.plant_head}{_products(scenario)}{connectors}lines:\n{lines}\n{scenario.plant_tail}"


def _products(scenario: Scenario) -> str:
    made = [product for line in scenario.lines for product in line.products]
    rows = "".join(f"  {product.id}: {{name: {product.name}, unit: {product.unit}}}\n" for product in made)
    return f"products:\n{rows}" if rows else ""


def _line(line: LineSpec, settings: tuple[str, ...]) -> Iterator[str]:
    targets = ", ".join(f"{name}: {target}" for name, target in line.targets.items())
    yield f"  {line.id}:"
    yield f"    name: {line.name}"
    yield f"    calendar: {line.calendar}"
    yield f"    rollup: {{method: constraint, machine: {line.constraint}}}"
    yield f"    targets: {{{targets}}}"
    yield "    machines:"
    for machine in line.machines:
        yield f"      {machine.id}:"
        yield f"        {_cycles(line, machine)}"
        yield from (f"        {setting}" for setting in settings)
        yield "        signals:"
        yield from (f"          {signal}: {{{_signal(machine, signal)}}}" for signal in machine.signals)


def _cycles(line: LineSpec, machine: MachineSpec) -> str:
    """Ideal cycles of a machine: by product where it says which one it makes."""
    if not line.products:
        return f"ideal_cycle_s: {machine.ideal_cycle_us / 1e6:g}"
    told = line.products if "product" in machine.signals else line.products[:1]
    cycles = (f"{product.id}: {{ideal_cycle_s: {product.cycles_us[machine.id] / 1e6:g}}}" for product in told)
    return f"products: {{{', '.join(cycles)}}}"


def _signal(machine: MachineSpec, signal: Signal) -> str:
    address, profile = (_node if machine.protocol == "opcua" else _register)(machine, signal)
    if signal in _COUNTERS:
        return f"{address}, counter: {{modulus: {machine.modulus}, glitch_tolerance: 5}}"
    if signal == "fault":
        return f"{address}, {_REASONS}"
    return address if signal in TEXT_SIGNALS else f"{address}, {profile}"


def _node(machine: MachineSpec, signal: Signal) -> tuple[str, str]:
    """Address and profile of a signal over OPC UA."""
    address = f'connector: plc_opcua, address: "nsu={NAMESPACE_URI};s={machine.tag}.{signal.capitalize()}"'
    return address, "profile: packml"


def _register(machine: MachineSpec, signal: Signal) -> tuple[str, str]:
    """Address and profile of a signal over Modbus."""
    reference, width = REFERENCES[signal], "uint16"
    if signal in TEXT_SIGNALS:
        width = f"string, length: {TEXT_REGISTERS}"
    elif signal in _COUNTERS and machine.modulus <= 2**16:
        reference = _LOW_WORDS[signal]
    elif signal in _COUNTERS:
        width = "uint32, byte_order: ABCD"
    address = f'connector: plc_modbus, address: "{reference}", type: {width}, unit: {machine.unit}'
    return address, f"profile: custom, {_SIMPLE_MAP}"
