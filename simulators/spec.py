"""What a simulated plant is made of: frozen descriptions of its lines, machines and stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from simulators.schedule import Window

Signal = Literal["state", "mode", "fault", "good", "reject", "total", "product", "order"]
SIGNALS: tuple[Signal, ...] = ("state", "mode", "fault", "good", "reject", "total")
TEXT_SIGNALS: tuple[Signal, ...] = ("product", "order")
Switch = Literal["start", "middle", "restart"]


class StopKind(Enum):
    """How a stop looks in the states: see `simulators.stops`."""

    FAULT = "fault"
    ABORT = "abort"
    SUPPLY = "supply"
    CHANGEOVER = "changeover"
    CLEANING = "cleaning"
    MENU = "menu"


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
class Incident:
    """A stop that comes once: with the first part that would begin at `at_us` [µs UTC] or later."""

    at_us: int
    stop: StopSpec


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """What a line makes; `cycles_us` is its ideal cycle at each machine of the line, by id [µs per part]."""

    id: str
    name: str
    unit: str
    cycles_us: Mapping[str, int]


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
        Ideal cycle where the product says no other [µs per part]; no part is made faster.
    slow_ratio : float
        Mean excess of real cycles over the ideal one, exponentially distributed.
    reject_ratio : float
        Probability that a part is a reject; a reject leaves the line.
    changeover_s : (float, float)
        Shortest and longest changeover when a new lot arrives [s].
    switch : {'start', 'middle', 'restart'}
        When in a changeover the signals `product` and `order` go over to the new lot: at its beginning, half way
        through its main state, or as the machine starts up again.
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
    outages_us : tuple of (int, int)
        Stretches ``[start, end)`` in which the sensors are dead [µs UTC]: all signals are Bad, and the counters miss
        the parts made. Ascending, as the resets are, and no reset lies in one.
    incidents : tuple of Incident
        Stops that come once, ascending.
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
    outages_us: tuple[tuple[int, int], ...] = ()
    incidents: tuple[Incident, ...] = ()
    switch: Switch = "start"
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
    windows : callable
        From a start [µs UTC] to the line's working windows, ascending; may be endless.
    lot_s : float
        Mean ideal time of a lot at the first machine [s]. Lots are planned: their sizes are round numbers of parts. A
        new lot means a changeover at each machine.
    constraint : str
        Machine that rates the line.
    targets : dict of str to float
        Targets of the line for the plant file.
    products : tuple of ProductSpec
        What the line makes, lot by lot in turn.
    first_order : int
        Number of the first lot's order; each lot is an order of its own.
    calendar : str
        The line's calendar in the plant file.
    """

    id: str
    name: str
    machines: tuple[MachineSpec, ...]
    buffer_parts: tuple[int, ...]
    windows: Callable[[int], Iterator[Window]]
    lot_s: float
    constraint: str
    targets: dict[str, float]
    products: tuple[ProductSpec, ...] = ()
    first_order: int = 1001
    calendar: str = "default"

    def product_of(self, lot: int) -> ProductSpec | None:
        """What lot number `lot`, from 0 on, is made of; None if the line tells no products apart."""
        return self.products[lot % len(self.products)] if self.products else None

    def order_of(self, lot: int) -> str:
        """The order of a lot, for example WO-1042."""
        return f"WO-{self.first_order + lot}"

    def cycle_us(self, machine: MachineSpec, lot: int) -> int:
        """Ideal cycle of a lot's parts at a machine [µs per part]."""
        product = self.product_of(lot)
        return product.cycles_us[machine.id] if product else machine.ideal_cycle_us


@dataclass(frozen=True, slots=True)
class Scenario:
    """A plant: its lines, and the parts of its plant file that are not machines.

    Attributes
    ----------
    plant_head, plant_tail : str
        YAML before and after connectors and lines in the plant file.
    machine_settings : str
        YAML flow items given to every machine, for example ``max_age_s: 10``.
    opcua_mode : {'poll', 'subscribe'}
        How the plant file's collector reads over OPC UA.
    """

    name: str
    lines: tuple[LineSpec, ...]
    plant_head: str
    plant_tail: str
    machine_settings: tuple[str, ...]
    opcua_mode: Literal["poll", "subscribe"] = "poll"

    @property
    def machines(self) -> tuple[MachineSpec, ...]:
        """All machines, line by line."""
        return tuple(machine for line in self.lines for machine in line.machines)
