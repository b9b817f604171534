"""Every calculation rule is named by a test: in a module's docstring, a test's docstring, or its name (test_s3_…)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
RULES = (*range(1, 14), *range(20, 37), *range(40, 43), *range(50, 56))
"""S-1 … S-13 counters, S-20 … S-29 states, S-30 … S-36 calendar, S-40 … S-42 roll-ups, S-50 … S-55 revisions."""


def _named(path: Path) -> Iterator[str]:
    """What a module and its tests say of themselves."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield ast.get_docstring(tree) or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield f"{node.name} {ast.get_docstring(node) or ''}"


def rules_named() -> dict[int, set[str]]:
    """Which test modules name each rule."""
    found: dict[int, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for said in _named(path):
            for number in re.findall(r"\bS-(\d+)\b|(?:^|_)s(\d+)_", said):
                found.setdefault(int("".join(number)), set()).add(path.name)
    return found


NAMED = rules_named()


@pytest.mark.parametrize("rule", RULES, ids=lambda n: f"S-{n}")
def test_rule_is_named_by_a_test(rule: int) -> None:
    assert NAMED.get(rule), f"no test names S-{rule}"


def test_tests_name_no_rule_that_is_none() -> None:
    assert NAMED.keys() <= set(RULES), {n: NAMED[n] for n in NAMED.keys() - set(RULES)}
