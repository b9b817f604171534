"""The truth file: what the simulated machines really did, to judge by it what was collected and computed.

Format: JSON Lines, UTF-8, times in µs UTC (integers). The first line is the header::

    {"format": "oee-simulator-truth/1", "scenario": "bench", "seed": 1, "start_us": 1750000000000000,
     "machines": {"mixer": {"protocol": "opcua", "ideal_cycle_us": 300000, "modulus": 4294967296,
                            "state": [6, 1, 0], "product": "", "order": "WO-1001", "total": 120, "good": 118}}}

`state` is PackML state, mode and fault code at `start_us`; `total` and `good` are the exact numbers of parts made by
then since the model's beginning (not the counters, which wrap and reset). Each further line carries everything that
happened after the line before and up to and including its `until_us`::

    {"until_us": 1750000000200000, "machines": {"mixer": {"changes": [[1750000000100000, 10, 1, 17]],
                                                          "lots": [[1750000000100000, "", "WO-1002"]],
                                                          "good_us": [1750000000050000], "reject_us": []}}}

Machines to which nothing happened are left out. Every line is handed to the operating system at once: the file of a
killed simulator ends at its last line, a torn one counts as not written. States are PackML for every machine, also
where the machine shows others (`simulators.packml.simple_state`).

A part at the very instant t belongs to a window that *ends* at t, as a counter read at t shows it, and so to the lot
that ends at t; a state, a product and an order hold from their instant on.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from simulators.log import Change, Lot
from simulators.model import Plant

FORMAT = "oee-simulator-truth/1"


class Parts(NamedTuple):
    """Numbers of parts."""

    total: int
    good: int
    reject: int


@dataclass
class MachineTruth:
    """All that a machine did within the time of the file; `changes` and `lots` begin with those at its start."""

    ideal_cycle_us: int
    total_at_start: int
    good_at_start: int
    changes: list[Change]
    lots: list[Lot]
    good_us: list[int] = field(default_factory=list)
    reject_us: list[int] = field(default_factory=list)


@dataclass
class Truth:
    """The contents of a truth file: everything in ``[start_us, until_us]`` [µs UTC]."""

    scenario: str
    seed: int
    start_us: int
    until_us: int
    machines: dict[str, MachineTruth]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a truth file, also one that is still being written or whose writer was killed.

        Raises
        ------
        ValueError
            If the file is no truth file of this format.
        """
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        header = json.loads(lines[0]) if lines else {}
        if header.get("format") != FORMAT:
            raise ValueError(f"{path} is no truth file: its first line does not say {FORMAT}")
        start_us = header["start_us"]
        machines = {name: _machine(start_us, entry) for name, entry in header["machines"].items()}
        truth = cls(header["scenario"], header["seed"], start_us, start_us, machines)
        for line in lines[1:]:
            truth._take(json.loads(line))
        return truth

    def _take(self, entry: dict[str, Any]) -> None:
        self.until_us = entry["until_us"]
        for name, news in entry["machines"].items():
            machine = self.machines[name]
            machine.changes.extend(Change(*change) for change in news["changes"])
            machine.lots.extend(Lot(*lot) for lot in news["lots"])
            machine.good_us.extend(news["good_us"])
            machine.reject_us.extend(news["reject_us"])


def parts_between(truth: Truth, machine: str, start_us: int, end_us: int) -> Parts:
    """Return the parts made in ``(start_us, end_us]`` [µs UTC]: the difference of two readings of a counter."""
    _check(truth, start_us, end_us)
    made = truth.machines[machine]
    good = bisect_right(made.good_us, end_us) - bisect_right(made.good_us, start_us)
    reject = bisect_right(made.reject_us, end_us) - bisect_right(made.reject_us, start_us)
    return Parts(good + reject, good, reject)


def parts_until(truth: Truth, machine: str, at_us: int) -> Parts:
    """Return the parts made since the model's beginning and up to and including `at_us` [µs UTC]."""
    made = truth.machines[machine]
    total, good, _ = parts_between(truth, machine, truth.start_us, at_us)
    return Parts(
        made.total_at_start + total, made.good_at_start + good, made.total_at_start - made.good_at_start + total - good
    )


def lot_at(truth: Truth, machine: str, at_us: int) -> Lot:
    """Return the product and order in force at `at_us` [µs UTC]."""
    _check(truth, at_us, at_us)
    lots = truth.machines[machine].lots
    return lots[bisect_right(lots, at_us, key=lambda lot: lot.at_us) - 1]


def production_between(truth: Truth, machine: str, start_us: int, end_us: int) -> dict[tuple[str, str], Parts]:
    """Return the parts made in ``(start_us, end_us]`` [µs UTC] by product and order; they sum to `parts_between`."""
    inner = [lot.at_us for lot in truth.machines[machine].lots if start_us < lot.at_us < end_us]
    made: defaultdict[tuple[str, str], Parts] = defaultdict(lambda: Parts(0, 0, 0))
    for from_us, to_us in pairwise([start_us, *inner, end_us]):
        _, product, order = lot_at(truth, machine, from_us)
        parts = parts_between(truth, machine, from_us, to_us)
        made[product, order] = Parts(*map(sum, zip(made[product, order], parts, strict=True)))
    return dict(made)


def states_between(truth: Truth, machine: str, start_us: int, end_us: int) -> list[tuple[int, int, Change]]:
    """Return the stretches ``(from_us, to_us, change)`` that tile ``[start_us, end_us)``."""
    _check(truth, start_us, end_us)
    changes = truth.machines[machine].changes
    edges = [change.at_us for change in changes] + [truth.until_us + 1]
    stretches = (
        (max(from_us, start_us), min(to_us, end_us), change)
        for (from_us, to_us), change in zip(pairwise(edges), changes, strict=True)
    )
    return [stretch for stretch in stretches if stretch[0] < stretch[1]]


def state_time_us(truth: Truth, machine: str, start_us: int, end_us: int) -> dict[int, int]:
    """Return the time spent in each PackML state within ``[start_us, end_us)`` [µs]; the values sum to its length."""
    time_us: defaultdict[int, int] = defaultdict(int)
    for from_us, to_us, change in states_between(truth, machine, start_us, end_us):
        time_us[change.state] += to_us - from_us
    return dict(time_us)


def transitions_between(truth: Truth, machine: str, start_us: int, end_us: int) -> int:
    """Return how often the PackML state changed within ``(start_us, end_us)``."""
    states = [change.state for _, _, change in states_between(truth, machine, start_us, end_us)]
    return sum(before != after for before, after in pairwise(states))


class TruthWriter:
    """Appends a plant's doings to a truth file as the plant advances; begins at the plant's present."""

    def __init__(self, path: Path, plant: Plant) -> None:
        self._plant = plant
        self._until_us = plant.now_us
        self._file: TextIOWrapper = path.open("w", encoding="utf-8", newline="\n")
        self._write(_header(plant))

    def write(self) -> None:
        """Write all that happened since the last call, up to the plant's present."""
        now_us = self._plant.now_us
        if now_us == self._until_us:
            return
        machines = {}
        for name, log in self._plant.logs.items():
            changes = log.changes(self._until_us, now_us)
            lots = log.lots(self._until_us, now_us)
            good_us, reject_us = log.parts(self._until_us, now_us)
            if changes or lots or good_us or reject_us:
                machines[name] = {"changes": changes, "lots": lots, "good_us": good_us, "reject_us": reject_us}
        self._write({"until_us": now_us, "machines": machines})
        self._until_us = now_us

    def close(self) -> None:
        """Write the rest and close the file."""
        self.write()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        self._file.flush()


def _header(plant: Plant) -> dict[str, Any]:
    machines = {}
    for name, log in plant.logs.items():
        total, good = log.counts(np.array([plant.now_us], dtype=np.int64))
        lot = log.lot_at(plant.now_us)
        machines[name] = {
            "protocol": log.spec.protocol,
            "ideal_cycle_us": log.spec.ideal_cycle_us,
            "modulus": log.spec.modulus,
            "state": log.change_at(plant.now_us)[1:],
            "product": lot.product,
            "order": lot.order,
            "total": int(total[0]),
            "good": int(good[0]),
        }
    scenario, seed = plant.scenario.name, plant.seed
    return {"format": FORMAT, "scenario": scenario, "seed": seed, "start_us": plant.now_us, "machines": machines}


def _machine(start_us: int, entry: dict[str, Any]) -> MachineTruth:
    first = Change(start_us, *entry["state"])
    lot = Lot(start_us, entry["product"], entry["order"])
    return MachineTruth(entry["ideal_cycle_us"], entry["total"], entry["good"], [first], [lot])


def _check(truth: Truth, start_us: int, end_us: int) -> None:
    if not truth.start_us <= start_us <= end_us <= truth.until_us:
        raise ValueError(f"The truth is known from {truth.start_us} to {truth.until_us} µs, not {start_us} to {end_us}")
