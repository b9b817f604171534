"""A line: machines in flow order with finite buffers between them."""

from __future__ import annotations

from itertools import pairwise

from simulators.draws import Draws
from simulators.machine import Buffer, Machine
from simulators.schedule import Schedule
from simulators.spec import LineSpec


class Line:
    """Sends parts down the line one after the other.

    A part's times at a machine follow from its arrival, from the machine's last part and from when the buffer behind it
    has a place; all three are known when the part's turn comes. So the whole line needs no event queue, and its
    history is the same however it is advanced.
    """

    def __init__(self, spec: LineSpec, seed: int, start_us: int) -> None:
        self.spec = spec
        schedule = Schedule(spec.windows(start_us))
        self.machines = [
            Machine(machine, spec, schedule, Draws(seed, f"{spec.id}/{machine.id}"), start_us)
            for machine in spec.machines
        ]
        for (before, after), places in zip(pairwise(self.machines), spec.buffer_parts, strict=True):
            before.outlet = after.inlet = Buffer(places, after.spec.inputs_per_part)
        self._start_us = start_us
        self._draws = Draws(seed, spec.id)
        self._lot = 0
        self._left_in_lot = self._lot_size()

    def advance(self, to_us: int) -> None:
        """Make every event up to and including `to_us` known [µs UTC]."""
        while self.ready_us <= to_us:
            self._send_one()

    @property
    def ready_us(self) -> int:
        """Everything at or before this, less one microsecond, is known [µs UTC]."""
        return min(machine.ready_us for machine in self.machines)

    def _send_one(self) -> None:
        if self._left_in_lot == 0:
            self._lot += 1
            self._left_in_lot = self._lot_size()
        self._left_in_lot -= 1
        arrival_us: int | None = self._start_us
        for machine in self.machines:
            if arrival_us is None or not (machine.inlet is None or machine.inlet.has_take):
                return
            arrival_us = machine.make(arrival_us, self._lot)

    def _lot_size(self) -> int:
        """Parts that the first machine begins in this lot: a round number, between 0.6 and 1.5 of the mean."""
        lot_us = self._draws.between_us(self.spec.lot_s * 0.6, self.spec.lot_s * 1.5)
        parts = lot_us // self.spec.cycle_us(self.machines[0].spec, self._lot)
        step: int = 10 ** max(len(str(parts)) - 2, 0)
        return max(parts // step * step, 1)
