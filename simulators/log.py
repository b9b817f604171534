"""What a machine did, exactly: every state change and every part with its time."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.packml import simple_states
from simulators.spec import LineSpec, MachineSpec

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Change(NamedTuple):
    """A machine's state, mode and fault from `at_us` [µs UTC] on."""

    at_us: int
    state: int
    mode: int
    fault: int


class Lot(NamedTuple):
    """What a machine makes from `at_us` [µs UTC] on; a part at that very instant still belongs to the lot before."""

    at_us: int
    product: str
    order: str


class MachineLog:
    """Growing log of one machine.

    Entry 0 of the parts is the count before the first part, 0 at `start_us`; entry n is the n-th part. Growing arrays
    hold the log (8 bytes a number) and numpy reads them in place: no view may outlive a method, for an array with a
    view cannot grow.
    """

    def __init__(self, spec: MachineSpec, line: LineSpec, start_us: int) -> None:
        self.spec = spec
        self.line = line
        self.change_us = array("q")
        self.change_code = array("q")
        self.part_us = array("q", [start_us])
        self.good_count = array("q", [0])
        self.lot_us = array("q", [start_us])
        self.lot = array("q", [0])

    def enter(self, at_us: int, state: int, mode: int, fault: int) -> None:
        """Enter a state; a change at the very instant of the one before replaces it."""
        code = state | mode << 8 | fault << 16
        if self.change_us and self.change_us[-1] == at_us:
            self.change_us.pop()
            self.change_code.pop()
        if not self.change_code or self.change_code[-1] != code:
            self.change_us.append(at_us)
            self.change_code.append(code)

    def change_lot(self, at_us: int, lot: int) -> None:
        """Show lot number `lot` from `at_us` on."""
        self.lot_us.append(at_us)
        self.lot.append(lot)

    def lots(self, after_us: int, to_us: int) -> list[Lot]:
        """Return the lots that begin in ``after_us < at_us <= to_us``, ascending."""
        first, last = np.searchsorted(np.frombuffer(self.lot_us, np.int64), [after_us, to_us], side="right").tolist()
        return [self._lot_from(index) for index in range(first, last)]

    def lot_at(self, at_us: int) -> Lot:
        """Return the lot in force at `at_us`."""
        return self._lot_from(int(np.searchsorted(np.frombuffer(self.lot_us, np.int64), at_us, side="right")) - 1)

    def _lot_from(self, index: int) -> Lot:
        lot = self.lot[index]
        return Lot(self.lot_us[index], str(self.worded("product", lot)), str(self.worded("order", lot)))

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
        """Return what each of the machine's signals shows at each time, shape as given; lots stand for texts.

        `worded` turns a lot into the text of `product` or `order`. Dead sensors are not seen here: see `is_dead`.
        """
        index = np.searchsorted(np.frombuffer(self.change_us, dtype=np.int64), at_us, side="right") - 1
        code = np.frombuffer(self.change_code, dtype=np.int64)[index]
        state, mode = code & 0xFF, code >> 8 & 0xFF
        if self.spec.protocol == "modbus":
            state = simple_states(state, mode)
        total, good = self.counts(at_us)
        reject = total - good
        shown = {"good": good, "reject": reject, "total": total}
        lot = self._lots(at_us)
        return {"state": state, "mode": mode, "fault": code >> 16, "product": lot, "order": lot} | {
            name: self._wrapped(count, at_us, name) for name, count in shown.items()
        }

    def worded(self, signal: str, value: int) -> int | str:
        """Return a value of `signals` as the signal shows it: the text of a lot, every other number as it is."""
        if signal == "order":
            return self.line.order_of(value)
        if signal == "product":
            product = self.line.product_of(value)
            return product.id if product else ""
        return value

    def is_dead(self, at_us: Ints) -> Bools:
        """Tell for each time whether the sensors are dead, shape as given."""
        edges = np.array(self.spec.outages_us, dtype=np.int64).ravel()
        dead: Bools = np.searchsorted(edges, at_us, side="right") % 2 == 1
        return dead

    def _lots(self, at_us: Ints) -> Ints:
        index = np.searchsorted(np.frombuffer(self.lot_us, dtype=np.int64), at_us, side="right") - 1
        return np.frombuffer(self.lot, dtype=np.int64)[np.maximum(index, 0)]

    def _wrapped(self, count: Ints, at_us: Ints, name: str) -> Ints:
        """Return a count as its counter shows it: since the last reset, less what outages hid, modulo the modulus."""
        edges, bases = self._bases(name)
        shown: Ints = (count - bases[np.searchsorted(edges, at_us, side="right")]) % self.spec.modulus
        return shown

    def _bases(self, name: str) -> tuple[Ints, Ints]:
        """Instants at which a counter loses touch with the count, and the counts at which it would show 0: one more."""
        losses: list[tuple[int, int | None]] = [(at_us, None) for at_us in self.spec.counter_resets_us]
        losses += [(end_us, start_us) for start_us, end_us in self.spec.outages_us]
        losses.sort(key=lambda loss: loss[0])
        bases = [-self.spec.counter_start]
        for at_us, since_us in losses:
            count = self._count_at(name, at_us)
            bases.append(count if since_us is None else bases[-1] + count - self._count_at(name, since_us))
        return np.array([at_us for at_us, _ in losses], np.int64), np.array(bases, np.int64)

    def _count_at(self, name: str, at_us: int) -> int:
        total, good = (int(count[0]) for count in self.counts(np.array([at_us], np.int64)))
        return {"good": good, "reject": total - good, "total": total}[name]
