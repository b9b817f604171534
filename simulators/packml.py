"""The codes that the simulated machines speak: PackML states and modes, fault codes, a small state set of our own."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class State(IntEnum):
    """PackML states, numbered as in PackTags."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    RESETTING = 15
    SERVICE_MENU = 99
    """No state of PackML: somebody is in the panel's service menu, and no map knows its number."""


class Mode(IntEnum):
    """PackML unit modes."""

    PRODUCE = 1
    MAINTENANCE = 2
    MANUAL = 3


class Fault(IntEnum):
    """Fault codes of the simulated plant; 0 is no fault."""

    NONE = 0
    JAM = 17
    MECHANICAL = 23
    MATERIAL = 31
    CHANGEOVER = 90
    CLEANING = 91


class SimpleState(IntEnum):
    """The state register of the machines that do not speak PackML."""

    OFF = 0
    RUN = 1
    STOPPED = 2
    STARVED = 3
    SETUP = 4
    SERVICE_MENU = 9


def simple_state(state: int, mode: int) -> int:
    """Return the `SimpleState` code of a machine that is in a PackML state and mode."""
    return int(_SIMPLE[mode, state])


def simple_states(state: NDArray[np.int64], mode: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `simple_state` of each pair of two arrays of one shape."""
    return _SIMPLE[mode, state]


def _simple_table() -> NDArray[np.int64]:
    table = np.full((max(Mode) + 1, max(State) + 1), int(SimpleState.STOPPED), dtype=np.int64)
    table[[Mode.MAINTENANCE, Mode.MANUAL], :] = SimpleState.SETUP
    table[Mode.PRODUCE, State.EXECUTE] = SimpleState.RUN
    table[Mode.PRODUCE, State.SUSPENDED] = SimpleState.STARVED
    table[Mode.PRODUCE, State.STOPPED] = SimpleState.OFF
    table[Mode.PRODUCE, State.SERVICE_MENU] = SimpleState.SERVICE_MENU
    return table


_SIMPLE = _simple_table()
