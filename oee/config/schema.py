"""The plant file's JSON Schema (2020-12), made by watching the readers read a specimen that shows every key.

Nothing of it is written down twice: keys are those that the readers ask for, types and limits are those that each
reader carries (`reader`), a key is required where the specimen without it is refused, and what has no effect yet
(`not_yet`) is left out. Descriptions come from the tables of docs/plant-file.md.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from oee.config.descriptions import descriptions
from oee.config.faults import Faults
from oee.config.heard import GenericPath, Heard, Place, node_at, without
from oee.config.not_yet import NOT_YET, NotYet
from oee.config.plant import read_plant
from oee.config.reader import JsonSchema
from oee.config.scalars import TEXT
from oee.config.tree import Items, Keys, Node, Scalar, parse

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SPECIMEN = Path(__file__).with_name("specimen.yaml")
_SIGNALS = ("lines", "*", "machines", "*", "signals")
_DECIDING = {("connectors", "*"): "kind", (*_SIGNALS, "state"): "profile", ("lines", "*", "rollup"): "method"}
"""The key of a section whose value decides which other keys it has."""


@cache
def plant_file_schema() -> JsonSchema:
    """Return the JSON Schema of the plant file.

    Raises
    ------
    ValueError
        The specimen has a fault, or does not show a key that a reader asks for.
    """
    faults = Faults(SPECIMEN.name)
    root = parse(SPECIMEN.read_text(encoding="utf-8"), faults)
    faults.raise_any()
    assert isinstance(root, Keys)
    schema: Schema = {"$schema": DIALECT, "title": "OEE plant file", **_Builder(root).value(())}
    for entry in NOT_YET:
        _limit(schema, entry)
    return schema


class _Builder:
    """Puts the schema together, from the root down."""

    def __init__(self, root: Keys) -> None:
        self._root = root
        self._heard = Heard()
        read_plant(root, self._heard)
        self._heard.raise_any()
        self._described = descriptions()
        self._open: dict[GenericPath, str] = {}

    def value(self, at: GenericPath, pointer: str = "#") -> Schema:
        """Return the schema of the values at a generic path."""
        if at in self._open:
            return {"$ref": self._open[at]}
        self._open[at] = pointer
        schema = self._bare(at, pointer)
        del self._open[at]
        if meaning := self._described.get(at) or self._described.get(_of_any_signal(at)):
            schema["description"] = meaning
        return schema

    def _bare(self, at: GenericPath, pointer: str) -> Schema:
        if at in self._heard.sections:
            return self._object(at, pointer)
        if self._heard.is_list(at):
            return {
                "type": self._type("array", at),
                "items": self.value(self._heard.collapse((*at, "[]")), f"{pointer}/items"),
            }
        return self._scalar(at)

    def _scalar(self, at: GenericPath) -> Schema:
        found = self._heard.schemas(at)
        if not found and any(isinstance(node_at(self._root, p), Scalar) for p in self._heard.places(at)):
            found = [TEXT]  # read by a function that does not say what it takes
        if not found:
            raise ValueError(f"{SPECIMEN.name} does not show `{'.'.join(at)}`: give it an example there")
        schema = dict(found[0]) if len(found) == 1 else {"anyOf": found}
        default = self._heard.default(at)
        return schema if default is None else schema | {"default": default}

    def _object(self, at: GenericPath, pointer: str) -> Schema:
        places = self._heard.sections[at]
        if places[0] in self._heard.free:
            return self._named(at, pointer, self._heard.free[places[0]])
        keys = self._keys(places)
        schema: Schema = {
            "type": self._type("object", at),
            "properties": {
                key: self.value(self._heard.collapse((*at, key)), f"{pointer}/properties/{key}") for key in keys
            },
            "additionalProperties": False,
        }
        if required := self._required(places):
            schema["required"] = required
        if deciding := _DECIDING.get(at):
            schema["allOf"] = [self._decided(places, deciding, value) for value in self._values(places, deciding)]
        return schema

    def _named(self, at: GenericPath, pointer: str, pattern: str | None) -> Schema:
        """A mapping whose keys are names: ids, or the values of a machine."""
        schema: Schema = {"type": self._type("object", at)}
        if pattern is None:
            schema["additionalProperties"] = self.value((*at, "*"), f"{pointer}/additionalProperties")
        else:
            held = f"^{pattern}$"
            schema["patternProperties"] = {held: self.value((*at, "*"), f"{pointer}/patternProperties/{held}")}
            schema["additionalProperties"] = False
        if self._refused(at, lambda node: Keys(node.line, ())):
            schema["minProperties"] = 1
        return schema

    def _keys(self, places: list[Place]) -> list[str]:
        return list(dict.fromkeys(key for place in places for key in self._heard.keys[place]))

    def _required(self, places: list[Place]) -> list[str]:
        """The keys without which each of the sections is refused."""
        there = [p for p in places if isinstance(node_at(self._root, p), Keys)]
        return [key for key in self._keys(places) if there and all(self._misses(p, key) for p in there)]

    def _misses(self, place: Place, key: str) -> bool:
        if node_at(self._root, (*place, key)) is None:
            return False
        told = self._told(without(self._root, (*place, key)))
        return place in told or (*place, key) in told

    def _values(self, places: list[Place], deciding: str) -> list[str]:
        nodes = (node_at(self._root, (*place, deciding)) for place in places)
        return list(dict.fromkeys(node.text for node in nodes if isinstance(node, Scalar)))

    def _decided(self, places: list[Place], deciding: str, value: str) -> Schema:
        """What holds where the deciding key has this value."""
        of_value = [p for p in places if self._values([p], deciding) == [value]]
        foreign = [key for key in self._keys(places) if key not in self._keys(of_value)]
        then: Schema = {"required": self._required(of_value), "properties": dict.fromkeys(foreign, False)}
        return {"if": {"properties": {deciding: {"const": value}}, "required": [deciding]}, "then": then}

    def _type(self, name: str, at: GenericPath) -> str | list[str]:
        """The type, and null where a key without a value is taken for an empty one."""
        empty = at and "[]" not in at[-1] and not self._refused(at, lambda node: Scalar(node.line, "null", ""))
        return [name, "null"] if empty else name

    def _refused(self, at: GenericPath, other: Callable[[Node], Node]) -> bool:
        """Whether another value there is refused by the section itself or the one that holds it."""
        shown = [(p, node) for p in self._heard.places(at) if isinstance(node := node_at(self._root, p), (Keys, Items))]
        if not shown:
            raise ValueError(f"{SPECIMEN.name} does not show `{'.'.join(at)}`: give it an example there")
        place, node = shown[0]
        told = self._told(without(self._root, place, other(node)))
        return place[:-1] in told or any(path[: len(place)] == place for path in told)

    def _told(self, root: Keys) -> set[Place]:
        heard = Heard()
        read_plant(root, heard)
        return heard.told


def _of_any_signal(at: GenericPath) -> GenericPath:
    """The page describes the keys of all signals at once."""
    below = len(_SIGNALS)
    return (*_SIGNALS, "*", *at[below + 1 :]) if at[:below] == _SIGNALS else at


def _limit(schema: Schema, entry: NotYet) -> None:
    """Leave out what has no effect yet."""
    *parents, key = entry.where
    for holder in _matching(schema, parents):
        keys: Schema = holder.get("properties", {})
        if key in keys and entry.effective:
            numbers = keys[key].get("type") in ("number", "integer")
            keys[key]["enum"] = [int(word) if numbers else word for word in entry.effective]
        else:
            keys.pop(key, None)


def _matching(schema: Schema, parts: Sequence[str]) -> Iterator[Schema]:
    """Yield the schemas of the sections at a path in which `*` is any name."""
    if not parts:
        yield schema
        return
    part, *rest = parts
    named: Schema = {**schema.get("properties", {}), **schema.get("patternProperties", {})}
    for name, value in named.items():
        if part in ("*", name):
            yield from _matching(value, rest)
