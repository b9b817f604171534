"""One machine: makes parts one by one, each with its exact time, and stops as its specification says."""

from __future__ import annotations

from collections import deque

from simulators.draws import BLOCK_PARTS, Draws
from simulators.log import MachineLog
from simulators.packml import Fault, Mode, State
from simulators.schedule import FOREVER_US, Schedule, Window
from simulators.spec import LineSpec, MachineSpec, StopKind, StopSpec
from simulators.stops import Step, steps_of


class Buffer:
    """The places between two machines."""

    def __init__(self, places: int, parts_per_take: int) -> None:
        if places < parts_per_take:
            raise ValueError(f"A buffer of {places} places can never hold the {parts_per_take} parts of one take")
        self._free_us: deque[int] = deque([0] * places)
        self._parts_per_take = parts_per_take
        self._waiting = 0

    def put(self, done_us: int) -> int:
        """Return when a part finished at `done_us` finds a place: then, or when one becomes free."""
        self._waiting += 1
        return max(done_us, self._free_us.popleft())

    @property
    def has_take(self) -> bool:
        """Whether there are enough parts for the next machine's part."""
        return self._waiting >= self._parts_per_take

    def take(self, at_us: int) -> None:
        """Free the places of one take at `at_us`."""
        self._waiting -= self._parts_per_take
        self._free_us.extend([at_us] * self._parts_per_take)


class Machine:
    """A machine that is asked for its parts in turn and says when each of them left it.

    It never looks ahead: all that happens after `ready_us` is still open, all before is in `log` for good.
    """

    def __init__(self, spec: MachineSpec, line: LineSpec, schedule: Schedule, draws: Draws, start_us: int) -> None:
        self.spec = spec
        self.log = MachineLog(spec, line, start_us)
        self.ready_us = start_us
        self.work_us = 0.0
        self.inlet: Buffer | None = None
        self.outlet: Buffer | None = None
        self._draws = draws
        self._schedule = schedule
        self._window_index = -1
        self._window = Window(start_us, start_us)
        self._line = line
        self._lot = 0
        self._ideal_us = line.cycle_us(spec, 0)
        self._incidents = deque(incident for incident in spec.incidents if incident.at_us >= start_us)
        self._incident_us = self._next_incident_us()
        self._due_us = [draws.until_next_us(stop.every_s) for stop in spec.stops]
        self._next_due_us = min(self._due_us, default=FOREVER_US)
        self._block_index = BLOCK_PARTS
        self._cycle_factors: list[float] = []
        self._luck: list[float] = []
        self.log.enter(start_us, State.IDLE, Mode.PRODUCE, Fault.NONE)

    def make(self, arrival_us: int, lot: int) -> int | None:
        """Make one part.

        Parameters
        ----------
        arrival_us : int
            When its input is there [µs UTC].
        lot : int
            Number of its lot; a new one means a changeover first.

        Returns
        -------
        int or None
            When the part left the machine [µs UTC]; None if it is a reject.
        """
        at_us = self.ready_us
        if arrival_us > at_us:
            at_us = self._wait(at_us, arrival_us)
        is_due = self.work_us >= self._next_due_us or at_us >= self._incident_us
        if at_us >= self._window.end_us or is_due or lot != self._lot:
            at_us = self._interrupt(at_us, lot)
        if self.inlet is not None:
            self.inlet.take(at_us)
        if self._block_index == BLOCK_PARTS:
            self._draw_block()
        cycle_us = int(self._cycle_factors[self._block_index] * self._ideal_us * self._window.slow)
        is_good = self._luck[self._block_index] >= self.spec.reject_ratio * self._window.scrap
        self._block_index += 1
        self.work_us += cycle_us * self._window.trouble
        self.ready_us = at_us + cycle_us
        self.log.part_us.append(self.ready_us)
        self.log.good_count.append(self.log.good_count[-1] + is_good)
        return self._hand_on(self.ready_us) if is_good else None

    def _hand_on(self, done_us: int) -> int:
        if self.outlet is None:
            return done_us
        left_us = self.outlet.put(done_us)
        if left_us > done_us:
            self.ready_us = self._wait(done_us, left_us)
        return left_us

    def _draw_block(self) -> None:
        self._cycle_factors = self._draws.cycle_factors(self.spec.slow_ratio)
        self._luck = self._draws.luck()
        self._block_index = 0

    def _wait(self, from_us: int, until_us: int) -> int:
        """Wait for a neighbour; a long wait shows as Suspended. Return when the machine goes on."""
        suspended_us = from_us + self.spec.suspend_after_us
        if until_us <= suspended_us:
            return until_us
        on_us = self._stay(suspended_us, until_us, State.SUSPENDED, Mode.PRODUCE, Fault.NONE)
        return self._execute(on_us)

    def _interrupt(self, at_us: int, lot: int) -> int:
        """Do all that stands between the machine and its next part; return when it may begin."""
        while True:
            if at_us >= self._window.end_us:
                at_us = self._next_window(at_us)
            elif at_us >= self._incident_us:
                stop = self._incidents.popleft().stop
                self._incident_us = self._next_incident_us()
                at_us = self._stop(at_us, stop)
            elif lot != self._lot:
                at_us = self._change_over(at_us, lot)
            elif self.work_us >= self._next_due_us:
                index = self._due_us.index(self._next_due_us)
                stop = self.spec.stops[index]
                self._due_us[index] = int(self.work_us) + self._draws.until_next_us(stop.every_s)
                self._next_due_us = min(self._due_us)
                at_us = self._stop(at_us, stop)
            else:
                return self._execute(at_us)

    def _next_incident_us(self) -> int:
        return self._incidents[0].at_us if self._incidents else 2 * FOREVER_US

    def _change_over(self, at_us: int, lot: int) -> int:
        """Make ready for a new lot; its product and order show from `MachineSpec.switch` on."""
        changeover = StopSpec(StopKind.CHANGEOVER, 1.0, *self.spec.changeover_s, Fault.CHANGEOVER)
        main, start = steps_of(changeover, self._draws)
        half_us = main.length_us // 2
        steps = [main._replace(length_us=half_us), main._replace(length_us=main.length_us - half_us), start]
        first = {"start": 0, "middle": 1, "restart": 2}[self.spec.switch]
        at_us = self._walk(at_us, steps[:first])
        self._lot, self._ideal_us = lot, self._line.cycle_us(self.spec, lot)
        self.log.change_lot(at_us, lot)
        return self._walk(at_us, steps[first:])

    def _stop(self, at_us: int, stop: StopSpec) -> int:
        return self._walk(at_us, steps_of(stop, self._draws))

    def _walk(self, at_us: int, steps: list[Step]) -> int:
        for step in steps:
            at_us = self._stay(at_us, at_us + step.length_us, step.state, step.mode, step.fault)
        return at_us

    def _stay(self, from_us: int, until_us: int, state: State, mode: Mode, fault: int) -> int:
        """Be in a state until `until_us`, off where the working time ends before; return when it is over."""
        while until_us > self._window.end_us and from_us < until_us:
            if from_us < self._window.end_us:
                self.log.enter(from_us, state, mode, fault)
            from_us = self._next_window(max(from_us, self._window.end_us))
        if from_us < until_us:
            self.log.enter(from_us, state, mode, fault)
        return max(from_us, until_us)

    def _execute(self, at_us: int) -> int:
        self.log.enter(at_us, State.EXECUTE, Mode.PRODUCE, Fault.NONE)
        return at_us

    def _next_window(self, at_us: int) -> int:
        """Go to the first window that ends after `at_us`; off between the two. Return when the machine is up."""
        self._window_index += 1
        while (window := self._schedule.get(self._window_index)) and window.end_us <= at_us:
            self._window_index += 1
        self._window = window or Window(FOREVER_US, 2 * FOREVER_US)
        if self._window.start_us <= at_us:
            return at_us
        return self._start_up(max(self._shut_down(at_us), self._window.start_us))

    def _shut_down(self, at_us: int) -> int:
        self.log.enter(at_us, State.STOPPING, Mode.PRODUCE, Fault.NONE)
        at_us += self._draws.between_us(0.5, 3.0)
        self.log.enter(at_us, State.STOPPED, Mode.PRODUCE, Fault.NONE)
        return at_us

    def _start_up(self, at_us: int) -> int:
        lengths_us = (
            (State.RESETTING, self._draws.between_us(1.0, 4.0)),
            (State.IDLE, self._draws.between_us(*self.spec.restart_s)),
            (State.STARTING, self._draws.between_us(1.0, 5.0)),
        )
        for state, length_us in lengths_us:
            self.log.enter(at_us, state, Mode.PRODUCE, Fault.NONE)
            at_us += length_us
        return at_us
