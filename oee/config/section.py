"""Walking the tree: an `Item` is a value with its place, a `Section` a mapping that tells every fault it meets."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from oee.config.faults import Faults, Refusal, suggestion
from oee.config.not_yet import refusal
from oee.config.tree import Items, Keys, Node, Scalar

T = TypeVar("T")
D = TypeVar("D")
ID_PATTERN = "[A-Za-z0-9_][A-Za-z0-9_.-]*"


@dataclass(frozen=True, slots=True)
class Item:
    """One value of the file: its key in parts, the line of that key, and the node."""

    path: tuple[str, ...]
    line: int
    node: Node
    key: Scalar | None = None

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.path[-1]

    @property
    def canonical_name(self) -> str:
        """The key as values of machines are compared: `true`, `True` → "true", 6.0 → "6"."""
        return self.key.canonical if self.key else self.name

    @property
    def is_empty(self) -> bool:
        """Whether the key stands there without a value."""
        return isinstance(self.node, Scalar) and self.node.kind == "null"


def entries(item: Item) -> tuple[Item, ...]:
    """Return the values of a mapping; a key without a value is a mapping without keys."""
    if item.is_empty:
        return ()
    if not isinstance(item.node, Keys):
        raise Refusal("must hold keys with values, such as `key: value`")
    return tuple(Item((*item.path, k.text), k.line, node, k) for k, node in item.node.pairs)


def elements(item: Item) -> tuple[Item, ...]:
    """Return the values of a list, named `key[0]`, `key[1]`, …; a key without a value is an empty list."""
    if item.is_empty:
        return ()
    if not isinstance(item.node, Items):
        raise Refusal("must be a list, such as `[a, b]`")
    *head, last = item.path
    return tuple(Item((*head, f"{last}[{i}]"), n.line, n) for i, n in enumerate(item.node.nodes))


def check_id(name: str) -> str:
    """Return an id that may stand in addresses and file names, or refuse it."""
    if not re.fullmatch(ID_PATTERN, name):
        raise Refusal(f"`{name}` can't be an id; use letters, digits, `-`, `_` and `.`")
    return name


class Section:
    """One mapping being read. Keys that nobody asked for by its end are unknown, and told so."""

    def __init__(self, item: Item, faults: Faults) -> None:
        self.item = item
        self.faults = faults
        self._known: list[str] = []
        self.has_fault = False  # something in here was refused: don't also say that it is missing
        self._values = {value.name: value for value in self.attempt(item, entries, ()) if self._has_effect(value)}

    def _has_effect(self, value: Item) -> bool:
        why = refusal(value.path, value.node)
        if why:
            self.has_fault = True
            self.faults.add(value.line, value.path, why)
        return why is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if kind is not None:
            return
        for value in self._values.values():
            if value.name not in self._known:
                self.fault(value, "unknown key" + suggestion(value.name, self._known))

    def fault(self, at: Item, what: str) -> None:
        """Note a fault at a value."""
        self.has_fault = True
        self.faults.add(at.line, at.path, what)

    def attempt(self, item: Item, read: Callable[[Item], T], instead: D) -> T | D:
        """Read a value; when it is refused, note that and go on with `instead`."""
        self.faults.tried(item.path, read)
        try:
            return read(item)
        except Refusal as why:
            self.has_fault = True
            self.faults.add(item.line, item.path, str(why), lost=True)
            return instead

    def get(self, key: str) -> Item | None:
        """Return the value of an optional key, unread."""
        self._known.append(key)
        self.faults.asked(self.item.path, key)
        return self._values.get(key)

    def take(self, key: str, read: Callable[[Item], T], default: D) -> T | D:
        """Read an optional key."""
        item = self.get(key)
        self.faults.asked(self.item.path, key, read, default)
        return default if item is None else self.attempt(item, read, default)

    def need(self, key: str, read: Callable[[Item], T], instead: D, example: str) -> T | D:
        """Read a required key; `example` tells how to write it where it is missing."""
        item = self.get(key)
        self.faults.asked(self.item.path, key, read)
        if item is not None:
            return self.attempt(item, read, instead)
        if not self.has_fault:
            path = (*self.item.path, key)
            self.faults.add(self.item.line, path, f"is missing; add it, such as `{example}`", lost=True)
        return instead

    def section(self, key: str) -> "Section":
        """Open a mapping below this one; one that is not there is empty."""
        item = self.get(key)
        return Section(item or Item((*self.item.path, key), self.item.line, Keys(self.item.line, ())), self.faults)

    def listed(self, key: str) -> tuple[Item, ...]:
        """Return the elements of an optional list."""
        return self.take(key, elements, ())

    def named(self, key: str) -> tuple[Item, ...]:
        """Return the values of an optional mapping from ids to things, its ids checked."""
        item = self.get(key)
        if item is None:
            return ()
        with Section(item, self.faults) as inner:
            self.faults.free_keys(item.path, ID_PATTERN)
            return tuple(value for value in inner.remaining() if inner.attempt(value, _id_of, None))

    def refuse(self, keys: Iterable[str], why: str) -> None:
        """Note a fault at each of the keys that is there: known, but out of place here."""
        for key in keys:
            if item := self._values.pop(key, None):
                self.fault(item, why)

    def remaining(self, names: Iterable[str] | None = None) -> tuple[Item, ...]:
        """Return all values not asked for yet, and count them as known; `names` are those that make sense, if few."""
        if names is None:
            self.faults.free_keys(self.item.path)
        for name in names or ():
            self.faults.asked(self.item.path, name)
        values = tuple(v for v in self._values.values() if v.name not in self._known)
        self._known += [v.name for v in values]
        return values


def _id_of(item: Item) -> str:
    return check_id(item.name)
