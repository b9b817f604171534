"""How each kind of stop walks through the PackML states."""

from __future__ import annotations

from typing import NamedTuple

from simulators.draws import Draws
from simulators.packml import Mode, State
from simulators.spec import StopKind, StopSpec


class Step(NamedTuple):
    """A state held for `length_us` [µs]."""

    length_us: int
    state: State
    mode: Mode
    fault: int


def steps_of(stop: StopSpec, draws: Draws) -> list[Step]:
    """Return the states of one stop in order; the machine executes again after the last.

    The stop's drawn duration is the length of its main state; the states around it last some hundred milliseconds to
    some seconds, as on real machines.
    """
    main_us = draws.between_us(stop.shortest_s, stop.longest_s)
    match stop.kind:
        case StopKind.FAULT:
            states = ((0, State.HOLDING), (main_us, State.HELD), (0, State.UNHOLDING))
            return _steps(states, Mode.PRODUCE, stop.fault, draws)
        case StopKind.ABORT:
            before = _steps(((0, State.ABORTING), (main_us, State.ABORTED)), Mode.PRODUCE, stop.fault, draws)
            after = (State.CLEARING, State.STOPPED, State.RESETTING, State.IDLE, State.STARTING)
            return before + _steps(tuple((0, state) for state in after), Mode.PRODUCE, 0, draws)
        case StopKind.SUPPLY:
            return _steps(((main_us, State.SUSPENDED),), Mode.PRODUCE, stop.fault, draws)
        case StopKind.CHANGEOVER:
            return _steps(((main_us, State.IDLE), (0, State.STARTING)), Mode.MANUAL, stop.fault, draws)
        case StopKind.CLEANING:
            return _steps(((main_us, State.STOPPED), (0, State.RESETTING)), Mode.MAINTENANCE, stop.fault, draws)
        case StopKind.MENU:
            return _steps(((main_us, State.SERVICE_MENU),), Mode.PRODUCE, stop.fault, draws)


def _steps(states: tuple[tuple[int, State], ...], mode: Mode, fault: int, draws: Draws) -> list[Step]:
    return [Step(length_us or draws.between_us(0.3, 3.0), state, mode, fault) for length_us, state in states]
