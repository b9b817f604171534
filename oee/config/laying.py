"""What is written by API, laid into the tree of a plant file and read by the file's own readers. Pure.

Each step of the configuration is read once: one more word costs one reading, however many there are.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any, Generic, TypeVar

from oee.config.calendars import read_calendar
from oee.config.faults import Faults
from oee.config.grafting import Path, at_path, elements_of, names_at, node_of, with_value
from oee.config.model import MachineConfig, PlantConfig
from oee.config.plant import read_plant
from oee.config.section import Item
from oee.config.tree import Items, Keys, Node, Scalar, parse

Fault = tuple[Path, str]
"""Where a fault is, as parts of its key, and what it is."""
Said = tuple[str, str, str, str]
"""Kind, name, date and body of a word."""
V = TypeVar("V")
AROUND = timedelta(days=7)
"""Exceptions farther apart have nothing to do with each other: shifts run into the day before or after."""


class _Remembered(Generic[V]):
    """Values by what they were made of; those not asked for the longest are forgotten where there is no room."""

    def __init__(self) -> None:
        self._room, self._values, self._lock = 64, OrderedDict[tuple[Any, ...], V](), Lock()

    def make_room(self, count: int) -> None:
        """Hold at least so many from now on."""
        self._room = max(self._room, count)

    def get(self, key: tuple[Any, ...], make: Callable[[], V]) -> V:
        """The value of a key, made where it is not known."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._room:
                self._values.popitem(last=False)
        return value

    def knows(self, key: tuple[Any, ...]) -> bool:
        """Whether a value is there."""
        return key in self._values


_PLANTS: _Remembered[PlantConfig] = _Remembered()
_ROOTS: _Remembered[Keys] = _Remembered()


def make_room(steps: int) -> None:
    """Remember the plants of so many steps, and as many again: those of a rehearsal beside those in force."""
    _PLANTS.make_room(2 * steps)


def read_over(source: str, exceptions: tuple[Said, ...], others: tuple[Said, ...]) -> PlantConfig:
    """Read a file with words laid over it. Machines of which no word names the product keep the file's."""
    return _PLANTS.get((source, exceptions, others), lambda: _read(source, exceptions, others))


def _read(source: str, exceptions: tuple[Said, ...], others: tuple[Said, ...]) -> PlantConfig:
    """Calendars are read with the exceptions alone: they are the same in all steps of products and targets."""
    if not others:
        return read_plant(_excepted(source, exceptions), _Heard())
    root = _unexcepted(source)
    for word in others:
        root = put(root, *word)
    plant = _defaults_kept(_read_alone(source), read_plant(root, _Heard()))
    return replace(plant, calendars=read_over(source, exceptions, ()).calendars)


def _excepted(source: str, exceptions: tuple[Said, ...]) -> Keys:
    """The tree with exceptions in it, from the longest row of them on that is known; without those that do not fit."""
    known = next((k for k in range(len(exceptions), 0, -1) if _ROOTS.knows((source, exceptions[:k]))), 0)
    root = _ROOTS.get((source, exceptions[:known]), lambda: tree_of(source))
    for word in exceptions[known:]:
        root = _laid(root, *word)
    return _ROOTS.get((source, exceptions), lambda: root)


@lru_cache(maxsize=64)
def _unexcepted(source: str) -> Keys:
    """The tree without any exceptions."""
    root = tree_of(source)
    for name in names_at(root, ("calendars",)):
        if at_path(root, ("calendars", name, "exceptions")) is not None:
            root = with_value(root, ("calendars", name, "exceptions"), Items(0, ()))
    return root


@lru_cache(maxsize=64)
def tree_of(source: str) -> Keys:
    """The tree of a plant file that was applied."""
    root = parse(source, Faults("applied plant file"))
    assert isinstance(root, Keys)  # or it would not have been applied
    return root


@lru_cache(maxsize=64)
def _read_alone(source: str) -> PlantConfig:
    return read_plant(tree_of(source), _Heard())


def laid(root: Keys, kind: str, name: str, on: str, body: str) -> Keys:
    """The tree with a word in it; without it where it does not fit."""
    return _laid(root, kind, name, on, body) if kind == "exception" else put(root, kind, name, on, body)


def _laid(root: Keys, kind: str, name: str, on: str, body: str) -> Keys:
    there = put(root, kind, name, on, body)
    if there is root:
        return root
    near = _near(root, name, on)
    return root if new_faults(kind, name, near, put(near, kind, name, on, body)) else there


def _near(root: Keys, name: str, on: str) -> Keys:
    """The tree with only those exceptions of a calendar that another one of a date can contradict."""
    path = ("calendars", name, "exceptions")
    if at_path(root, path) is None:
        return root
    first, last = ((date.fromisoformat(on) + way * AROUND).isoformat() for way in (-1, 1))
    listed = elements_of(at_path(root, path))
    return with_value(root, path, Items(0, tuple(n for n in listed if first <= (date_of(n) or first) <= last)))


def put(root: Keys, kind: str, name: str, on: str, body: str) -> Keys:
    """The tree with a word in it, whether it fits or not; as it is where the file lacks what the word is about."""
    said = json.loads(body)
    if kind == "exception" and said is not None and at_path(root, ("calendars", name)) is not None:
        listed = elements_of(at_path(root, ("calendars", name, "exceptions")))
        kept = [n for n in listed if date_of(n) != on]
        return with_value(root, ("calendars", name, "exceptions"), Items(0, (*kept, *(node_of(e) for e in said))))
    if kind == "targets" and at_path(root, ("lines", name)) is not None:
        return with_value(root, ("lines", name, "targets"), node_of(said))
    return _put_product(root, name, said) if kind == "product" else root


def _put_product(root: Keys, name: str, said: Mapping[str, Any]) -> Keys:
    """Products at machines that the word does not name stay; what a machine makes by default is the file's to say."""
    products = at_path(root, ("products",))
    known = [key.text for key, _ in products.pairs] if isinstance(products, Keys) else []
    for path in machines_of(root):
        if len(known) == 1 and name not in known and at_path(root, (*path, "products")) is None:
            root = with_value(root, (*path, "products"), node_of({known[0]: {}}))
    for key, cycle in said.get("machines", {}).items():
        line, machine = key.split("/")
        path = ("lines", line, "machines", machine)
        if at_path(root, path) is not None:
            root = with_value(root, (*path, "products", name), node_of(cycle))
    return with_value(root, ("products", name), node_of({k: v for k, v in said.items() if k != "machines"}))


def _defaults_kept(file: PlantConfig, plant: PlantConfig) -> PlantConfig:
    """What machines make where nothing says it is not changed by a product that the file does not have."""
    lines = {}
    for line in plant.lines.values():
        before = file.lines[line.id].machines
        machines = {m.id: _default_kept(before[m.id], m) for m in line.machines.values()}
        lines[line.id] = replace(line, machines=machines)
    return replace(plant, lines=lines)


def _default_kept(file: MachineConfig, machine: MachineConfig) -> MachineConfig:
    if machine.product == file.product:
        return machine
    return replace(machine, product=file.product, ideal_cycle_s=file.ideal_cycle_s)


def new_faults(kind: str, name: str, before: Keys, after: Keys) -> list[Fault]:
    """Faults of a tree that it did not have before a word was laid into it."""
    heard = []
    for root in (before, after):
        faults = _Heard()
        if kind == "exception":
            _read_calendar(root, name, faults)
        else:
            read_plant(root, faults)
        heard.append(faults.heard)
    return [fault for fault in heard[1] if fault not in heard[0]]


class _Heard(Faults):
    """Faults by their place."""

    def __init__(self) -> None:
        super().__init__("")
        self.heard: list[Fault] = []

    def add(self, line: int, path: tuple[str, ...], what: str, *, lost: bool = False) -> None:
        super().add(line, path, what, lost=lost)
        if (path, what) not in self.heard:
            self.heard.append((path, what))


def _read_calendar(root: Keys, name: str, faults: Faults) -> None:
    node = at_path(root, ("calendars", name))
    assert node is not None
    read_calendar(Item(("calendars", name), node.line, node), (), faults)


def date_of(exception: Node) -> str | None:
    """The date of an exception, as it is written; None where it is none."""
    said = at_path(exception, ("date",))
    return said.text.strip() if isinstance(said, Scalar) else None


def machines_of(root: Keys) -> Iterable[Path]:
    """Paths of all machines of a file."""
    for line in names_at(root, ("lines",)):
        for machine in names_at(root, ("lines", line, "machines")):
            yield ("lines", line, "machines", machine)
