"""Scenario `bench`: two fast machines, one per protocol, always at work; minutes show what else takes weeks."""

from __future__ import annotations

from collections.abc import Iterator

from simulators.packml import Fault
from simulators.plant_file import plant_yaml
from simulators.schedule import FOREVER_US, Window
from simulators.spec import LineSpec, MachineSpec, Scenario, Signal, StopKind, StopSpec

_STOPS = (
    StopSpec(StopKind.FAULT, 10, 1, 4, Fault.JAM),
    StopSpec(StopKind.SUPPLY, 25, 2, 4, Fault.MATERIAL),
    StopSpec(StopKind.FAULT, 30, 4, 8, Fault.MECHANICAL),
    StopSpec(StopKind.ABORT, 90, 2, 4, Fault.MECHANICAL),
)
_TARGETS = {"oee": 0.5, "availability": 0.6, "performance": 0.9, "quality": 0.9}

_HEAD = """\
version: 1
plant: {id: bench, name: Bench, timezone: UTC, day_start: "00:00"}
calendars:
  default:
    shifts:
      first: {start: "00:00", end: "08:00"}
      second: {start: "08:00", end: "16:00"}
      third: {start: "16:00", end: "00:00"}
    week:
      mon: [first, second, third]
      tue: [first, second, third]
      wed: [first, second, third]
      thu: [first, second, third]
      fri: [first, second, third]
      sat: [first, second, third]
      sun: [first, second, third]
"""
_TAIL = """\
reasons:
  - {code: MECH, name: Mechanical, category: unplanned_stop, children: [{code: JAM, name: Jam}]}
  - {code: MATERIAL, name: No material, category: external_stop}
  - {code: CHANGE, name: Changeover, category: planned_stop, setup: true}
  - {code: CLEAN, name: Cleaning, category: planned_stop}
"""


def _always(start_us: int) -> Iterator[Window]:
    yield Window(start_us, FOREVER_US)


def _line(name: str, machine: MachineSpec) -> LineSpec:
    return LineSpec(f"{name}-line", name.capitalize(), (machine,), (), _always, 40, machine.id, _TARGETS)


# the state register says setup itself, so its mode is no signal of the plant
_REGISTER_SIGNALS: tuple[Signal, ...] = ("state", "fault", "good", "reject", "total")

_MIXER = MachineSpec("mixer", "opcua", 300_000, 0.05, 0.1, _STOPS, changeover_s=(3, 6))
_STAMPER = MachineSpec("stamper", "modbus", 400_000, 0.05, 0.08, _STOPS, changeover_s=(3, 6), signals=_REGISTER_SIGNALS)

BENCH = Scenario(
    name="bench",
    lines=(_line("mixing", _MIXER), _line("stamping", _STAMPER)),
    plant_head=_HEAD,
    plant_tail=_TAIL,
    machine_settings=("min_stop_s: 1", "small_stop_max_s: 2", "max_age_s: 5"),
)


def bench_plant_yaml(opcua_port: int, modbus_port: int, interval_s: float = 1.0) -> str:
    """Return the plant file of the bench, for simulators on these ports of 127.0.0.1, polled every `interval_s`."""
    return plant_yaml(BENCH, opcua_port, modbus_port, interval_s)
