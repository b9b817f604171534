"""What readers ask for while they read a plant file, by the place in it: the stuff its schema is made of."""

from dataclasses import replace
from datetime import date

from oee.config.faults import Faults
from oee.config.reader import JsonSchema, Reader
from oee.config.tree import Items, Keys, Node

Place = tuple[str, ...]
"""Parts of a key as the file has them: `("calendars", "default", "exceptions[0]")`."""
GenericPath = tuple[str, ...]
"""The same without names and numbers: `("calendars", "*", "exceptions", "[]")`."""


class Heard(Faults):
    """Listens to the readers of one file.

    Attributes
    ----------
    keys : the keys that were asked for in each section, in their order.
    free : the sections whose keys are names, and the pattern of these; None for any.
    sections : the sections by their generic path.
    told : where there were faults.
    """

    def __init__(self) -> None:
        super().__init__("specimen")
        self.keys: dict[Place, list[str]] = {}
        self.free: dict[Place, str | None] = {}
        self.sections: dict[GenericPath, list[Place]] = {}
        self.told: set[Place] = set()
        self._places: dict[GenericPath, list[Place]] = {}
        self._readers: dict[GenericPath, list[Reader[object]]] = {}
        self._defaults: dict[GenericPath, list[object]] = {}

    def add(self, line: int, path: Place, what: str, *, lost: bool = False) -> None:
        """Note a fault."""
        self.has_lost |= lost
        self.told.add(path)
        super().add(line, path, what)

    def asked(self, path: Place, key: str, read: object = None, default: object = None) -> None:
        """Hear of a key."""
        self._section(path)
        if key not in self.keys[path]:
            self.keys[path].append(key)
        at = self._hear((*path, key), read)
        if isinstance(read, Reader) and default not in (None, ()):
            self._defaults.setdefault(at, []).append(read.written(default))

    def tried(self, path: Place, read: object) -> None:
        """Hear of a value."""
        self._hear(path, read)

    def free_keys(self, path: Place, pattern: str | None = None) -> None:
        """Hear of a section whose keys are names."""
        self._section(path)
        self.free.setdefault(path, pattern)

    def generic(self, path: Place) -> GenericPath:
        """Return the generic path of a place."""
        parts: list[str] = []
        for i, part in enumerate(path):
            name, *numbers = part.split("[")
            parts.append("*" if path[:i] in self.free else name)
            parts += ["[]"] * len(numbers)
        return self.collapse(tuple(parts))

    def collapse(self, path: GenericPath) -> GenericPath:
        """Return the path of what holds its own kind, once: a child's children are children."""
        for i in range(2, len(path) - 1, 1):
            if path[i : i + 2] == path[i - 2 : i] and path[i + 1] == "[]":
                return self.collapse((*path[:i], *path[i + 2 :]))
        return path

    def places(self, at: GenericPath) -> list[Place]:
        """Return where something of a generic path was asked for."""
        return self._places.get(at, [])

    def is_list(self, at: GenericPath) -> bool:
        """Whether values at a generic path hold others, by number."""
        return self.collapse((*at, "[]")) in self._places.keys() | self.sections.keys()

    def schemas(self, at: GenericPath) -> list[JsonSchema]:
        """Return what the readers at a generic path take, each once."""
        found: list[JsonSchema] = []
        for reader in self._readers.get(at, []):
            if reader.schema not in found:
                found.append(reader.schema)
        return found

    def default(self, at: GenericPath) -> object:
        """Return the default as it would be written; None where there is none, or it depends on other keys."""
        known = self._defaults.get(at, [])
        same = known and all(value == known[0] for value in known)
        return known[0] if same and not isinstance(known[0], date) else None

    def _section(self, path: Place) -> None:
        if path not in self.keys:
            self.keys[path] = []
            self.sections.setdefault(self.generic(path), []).append(path)

    def _hear(self, path: Place, read: object) -> GenericPath:
        at = self.generic(path)
        known = self._places.setdefault(at, [])
        if path not in known:
            known.append(path)
        if isinstance(read, Reader):
            self._readers.setdefault(at, []).append(read)
        return at


def node_at(root: Node, path: Place) -> Node | None:
    """Return the node at a place; None if the file has none there."""
    node: Node | None = root
    for part in path:
        name, *numbers = part.split("[")
        node = next((n for k, n in node.pairs if k.text == name), None) if isinstance(node, Keys) else None
        for number in numbers:
            node = node.nodes[int(number[:-1])] if isinstance(node, Items) else None
    return node


def without(root: Keys, path: Place, instead: Node | None = None) -> Keys:
    """Return the tree without the value at a place, or with another one there."""
    changed = _without(root, [step for part in path for step in part.replace("]", "").split("[")], instead)
    assert isinstance(changed, Keys)
    return changed


def _without(node: Node, steps: list[str], instead: Node | None) -> Node | None:
    if not steps:
        return instead
    step, *rest = steps
    if isinstance(node, Keys):
        pairs = ((k, _without(v, rest, instead) if k.text == step else v) for k, v in node.pairs)
        return replace(node, pairs=tuple((k, v) for k, v in pairs if v is not None))
    assert isinstance(node, Items)
    nodes = (_without(n, rest, instead) if i == int(step) else n for i, n in enumerate(node.nodes))
    return replace(node, nodes=tuple(n for n in nodes if n is not None))
