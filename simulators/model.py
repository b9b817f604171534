"""The plant model: pure and seeded; its whole history is a function of (scenario, seed, start)."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from simulators.line import Line
from simulators.log import MachineLog
from simulators.spec import SIGNALS, Scenario


class Reading(NamedTuple):
    """What the signals of a machine show at one instant."""

    state: int
    mode: int
    fault: int
    good: int
    reject: int
    total: int
    product: str
    order: str


class Plant:
    """All lines of a scenario, advanced together.

    Advancing in one go or in many steps gives the same history, so a plant that was stopped goes on where it would
    have been: build it again with the same arguments and advance it to the present.
    """

    def __init__(self, scenario: Scenario, seed: int, start_us: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.start_us = start_us
        self.now_us = start_us
        self._lines = [Line(line, seed, start_us) for line in scenario.lines]
        self._known_us = start_us

    @classmethod
    def at(cls, seed: int, scenario: Scenario, start_us: int) -> Self:
        """Return the plant of a seed and scenario as it stands at its very beginning, `start_us` [µs UTC]."""
        return cls(scenario, seed, start_us)

    @property
    def logs(self) -> dict[str, MachineLog]:
        """The machines' logs by machine id, in flow order; what lies after `now_us` in them may still change."""
        return {machine.spec.id: machine.log for line in self._lines for machine in line.machines}

    def advance(self, to_us: int) -> None:
        """Go on to `to_us` [µs UTC]; going back is no error and does nothing."""
        self.now_us = max(self.now_us, to_us)
        if to_us < self._known_us:
            return
        for line in self._lines:
            line.advance(to_us)
        self._known_us = min(line.ready_us for line in self._lines)

    def read(self, machine: str, at_us: int) -> Reading:
        """Return what a machine's signals show at `at_us` [µs UTC], which `advance` must have reached."""
        if at_us > self.now_us:
            raise ValueError(f"The model stands at {self.now_us} µs and cannot be read at {at_us} µs: advance it first")
        log = self.logs[machine]
        shown = log.signals(np.array([at_us], dtype=np.int64))
        state, mode, fault, good, reject, total = (int(shown[name][0]) for name in SIGNALS)
        lot = log.lot_at(at_us)
        return Reading(state, mode, fault, good, reject, total, lot.product, lot.order)
