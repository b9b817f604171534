"""Grafting values into the tree of a plant file, and reading them out of it by their path of keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oee.config.tree import Items, Keys, Node, Scalar

Path = tuple[str, ...]


def node_of(value: Any) -> Node:
    """Plain JSON as nodes of a plant file's tree; numbers as they are written."""
    if isinstance(value, Mapping):
        return Keys(0, tuple((Scalar(0, "text", str(k)), node_of(v)) for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return Items(0, tuple(node_of(v) for v in value))
    if value is None:
        return Scalar(0, "null", "")
    if isinstance(value, bool):
        return Scalar(0, "bool", str(value).lower())
    kind = "int" if isinstance(value, int) else "float" if isinstance(value, float) else "text"
    return Scalar(0, kind, str(value))


def plain(node: Node | None) -> object:
    """What a node says, wherever it stands."""
    if isinstance(node, Keys):
        return {key.text: plain(value) for key, value in node.pairs}
    if isinstance(node, Items):
        return [plain(n) for n in node.nodes]
    return None if node is None else (node.kind, node.text)


def elements_of(node: Node | None) -> tuple[Node, ...]:
    """Elements of a list; none where there is no list."""
    return node.nodes if isinstance(node, Items) else ()


def names_at(root: Keys, path: Path) -> list[str]:
    """Keys of the mapping at a path; none where there is no mapping."""
    node = at_path(root, path)
    return [key.text for key, _ in node.pairs] if isinstance(node, Keys) else []


def at_path(node: Node | None, path: Path) -> Node | None:
    """The value at a path of keys; None where there is none."""
    for name in path:
        if not isinstance(node, Keys):
            return None
        node = next((value for key, value in node.pairs if key.text == name), None)
    return node


def with_value(node: Node | None, path: Path, value: Node) -> Keys:
    """The mapping with a value at a path, replaced or added."""
    pairs = node.pairs if isinstance(node, Keys) else ()
    name, *rest = path
    below = next((v for k, v in pairs if k.text == name), None)
    new = with_value(below, tuple(rest), value) if rest else value
    if below is None:
        return Keys(0, (*pairs, (Scalar(0, "text", name), new)))
    return Keys(0, tuple((k, new if k.text == name else v) for k, v in pairs))
