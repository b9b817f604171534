"""Machines are read, never written: no connector names anything that writes to a device or calls a method there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import connectors

_FILES = sorted(Path(connectors.__file__).parent.rglob("*.py"))
_BANNED = re.compile(
    r"^(write_\w+|call_method|call|set_(value|attribute|writable)\w*|mask_write\w*|Write\w+|Call(Method)?\w*)$"
)


def _names(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_connector_can_write(path):
    names = set(_names(ast.parse(path.read_text())))
    assert not {name for name in names if _BANNED.match(name) and name != "Callable"}


@pytest.mark.parametrize("line", ["ua.WriteRequest()", "client.write_register(1, 2)", "await node.call_method(x)"])
def test_the_ban_catches_what_it_should(line):
    names = set(_names(ast.parse(f"async def f():\n    {line}")))
    assert any(_BANNED.match(name) for name in names)
