"""What a machine did, exactly: every state change and every part with its time."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.packml import simple_states
from simulators.spec import MachineSpec

Ints = NDArray[np.int64]


class Change(NamedTuple):
    """A machine's state, mode and fault from `at_us` [µs UTC] on."""

    at_us: int
    state: int
    mode: int
    fault: int


class MachineLog:
    """Growing log of one machine.

    Entry 0 of the parts is the count before the first part, 0 at `start_us`; entry n is the n-th part. Growing arrays
    hold the log (8 bytes a number) and numpy reads them in place: no view may outlive a method, for an array with a
    view cannot grow.
    """

    def __init__(self, spec: MachineSpec, start_us: int) -> None:
        self.spec = spec
        self.change_us = array("q")
        self.change_code = array("q")
        self.part_us = array("q", [start_us])
        self.good_count = array("q", [0])

    def enter(self, at_us: int, state: int, mode: int, fault: int) -> None:
        """Enter a state; a change at the very instant of the one before replaces it."""
        code = state | mode << 8 | fault << 16
        if self.change_us and self.change_us[-1] == at_us:
            self.change_us.pop()
            self.change_code.pop()
        if not self.change_code or self.change_code[-1] != code:
            self.change_us.append(at_us)
            self.change_code.append(code)

    def changes(self, after_us: int, to_us: int) -> list[Change]:
        """Return the changes with ``after_us < at_us <= to_us``, ascending."""
        times = np.frombuffer(self.change_us, dtype=np.int64)
        first, last = np.searchsorted(times, [after_us, to_us], side="right").tolist()
        return [
            Change(at_us, code & 0xFF, code >> 8 & 0xFF, code >> 16)
            for at_us, code in zip(self.change_us[first:last], self.change_code[first:last], strict=True)
        ]

    def change_at(self, at_us: int) -> Change:
        """Return the change in force at `at_us`."""
        times = np.frombuffer(self.change_us, dtype=np.int64)
        index = int(np.searchsorted(times, at_us, side="right")) - 1
        code = self.change_code[index]
        return Change(self.change_us[index], code & 0xFF, code >> 8 & 0xFF, code >> 16)

    def parts(self, after_us: int, to_us: int) -> tuple[list[int], list[int]]:
        """Return the times [µs UTC] of good parts and of rejects with ``after_us < t <= to_us``."""
        times = np.frombuffer(self.part_us, dtype=np.int64)
        first, last = np.searchsorted(times, [after_us, to_us], side="right").tolist()
        first = max(first, 1)
        made = times[first:last]
        is_good = np.diff(np.frombuffer(self.good_count, dtype=np.int64)[first - 1 : last]) > 0
        return made[is_good].tolist(), made[~is_good].tolist()

    def counts(self, at_us: Ints) -> tuple[Ints, Ints]:
        """Return the exact cumulative numbers of parts and of good parts at each time, shape as given."""
        index = np.searchsorted(np.frombuffer(self.part_us, dtype=np.int64), at_us, side="right") - 1
        index = np.maximum(index, 0)
        return index, np.frombuffer(self.good_count, dtype=np.int64)[index]

    def signals(self, at_us: Ints) -> dict[str, Ints]:
        """Return what each of the machine's signals shows at each time, shape as given."""
        index = np.searchsorted(np.frombuffer(self.change_us, dtype=np.int64), at_us, side="right") - 1
        code = np.frombuffer(self.change_code, dtype=np.int64)[index]
        state, mode = code & 0xFF, code >> 8 & 0xFF
        if self.spec.protocol == "modbus":
            state = simple_states(state, mode)
        total, good = self.counts(at_us)
        reject = total - good
        shown = {"good": good, "reject": reject, "total": total}
        return {"state": state, "mode": mode, "fault": code >> 16} | {
            name: self._wrapped(count, at_us, name) for name, count in shown.items()
        }

    def _wrapped(self, count: Ints, at_us: Ints, name: str) -> Ints:
        """Return a count as its counter shows it: since the last reset, modulo the modulus."""
        resets = np.array(self.spec.counter_resets_us, dtype=np.int64)
        total, good = self.counts(resets)
        at_resets = {"good": good, "reject": total - good, "total": total}[name]
        base = np.concatenate(([-self.spec.counter_start], at_resets))
        shown: Ints = (count - base[np.searchsorted(resets, at_us, side="right")]) % self.spec.modulus
        return shown
