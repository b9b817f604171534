"""What a simulated plant is made of: frozen descriptions of its lines, machines and stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from simulators.schedule import Window

Signal = Literal["state", "mode", "fault", "good", "reject", "total"]
SIGNALS: tuple[Signal, ...] = ("state", "mode", "fault", "good", "reject", "total")


class StopKind(Enum):
    """How a stop looks in the states: see `simulators.stops`."""

    FAULT = "fault"
    ABORT = "abort"
    SUPPLY = "supply"
    CHANGEOVER = "changeover"
    CLEANING = "cleaning"


@dataclass(frozen=True, slots=True)
class StopSpec:
    """A kind of stop: how often it comes, how long it lasts, which fault code it shows.

    Attributes
    ----------
    every_s : float
        Mean operating time between two such stops [s]; exponentially distributed.
    shortest_s, longest_s : float
        Bounds of the duration [s]; log-uniform, so that short ones are the more frequent.
    """

    kind: StopKind
    every_s: float
    shortest_s: float
    longest_s: float
    fault: int


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """One machine.

    Attributes
    ----------
    protocol : {'opcua', 'modbus'}
        How it is reached. OPC UA machines speak PackML, Modbus machines `SimpleState`.
    unit : int
        Modbus unit id; unused for OPC UA.
    ideal_cycle_us : int
        Ideal cycle [µs per part]; no part is made faster.
    slow_ratio : float
        Mean excess of real cycles over the ideal one, exponentially distributed.
    reject_ratio : float
        Probability that a part is a reject; a reject leaves the line.
    changeover_s : (float, float)
        Shortest and longest changeover when a new lot arrives [s].
    inputs_per_part : int
        Good parts of the machine before it that make one part here.
    suspend_after_us : int
        Wait for a neighbour after which the machine leaves Execute for Suspended [µs].
    restart_s : (float, float)
        Shortest and longest time in Idle when a shift or the time after a break begins [s].
    modulus, counter_start : int
        Counters show ``(counter_start + parts) % modulus``.
    counter_resets_us : tuple of int
        Instants at which the counters go back to 0 [µs UTC].
    """

    id: str
    protocol: Literal["opcua", "modbus"]
    ideal_cycle_us: int
    slow_ratio: float
    reject_ratio: float
    stops: tuple[StopSpec, ...] = ()
    changeover_s: tuple[float, float] = (900.0, 1800.0)
    unit: int = 1
    inputs_per_part: int = 1
    suspend_after_us: int = 3_000_000
    restart_s: tuple[float, float] = (5.0, 60.0)
    modulus: int = 2**32
    counter_start: int = 0
    counter_resets_us: tuple[int, ...] = ()
    signals: tuple[Signal, ...] = SIGNALS

    @property
    def tag(self) -> str:
        """Name of the machine in the address space of its server."""
        return self.id.capitalize()


@dataclass(frozen=True, slots=True)
class LineSpec:
    """Machines in the order in which parts flow, with a finite buffer after each but the last.

    Attributes
    ----------
    buffer_parts : tuple of int
        Places between machine i and i + 1; one fewer than machines, each at least `inputs_per_part`.
    lot_s : float
        Mean operating time of the first machine between two lots [s]; a new lot means a changeover at each machine.
    constraint : str
        Machine that rates the line.
    targets : dict of str to float
        Targets of the line for the plant file.
    product : (str, str, str) or None
        Id, name and unit of what the line makes, for the plant file.
    """

    id: str
    name: str
    machines: tuple[MachineSpec, ...]
    buffer_parts: tuple[int, ...]
    lot_s: float
    constraint: str
    targets: dict[str, float]
    product: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A plant: its lines, its working time, and the parts of its plant file that are not machines.

    Attributes
    ----------
    windows : callable
        From a start [µs UTC] to the working windows, ascending; may be endless.
    plant_head, plant_tail : str
        YAML before and after connectors and lines in the plant file.
    machine_settings : str
        YAML flow items given to every machine, for example ``max_age_s: 10``.
    """

    name: str
    lines: tuple[LineSpec, ...]
    windows: Callable[[int], Iterator[Window]]
    plant_head: str
    plant_tail: str
    machine_settings: tuple[str, ...]

    @property
    def machines(self) -> tuple[MachineSpec, ...]:
        """All machines, line by line."""
        return tuple(machine for line in self.lines for machine in line.machines)
