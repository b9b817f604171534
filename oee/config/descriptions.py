"""What docs/plant-file.md says of each key, for editors: its tables are the only place where that is written."""

import re
from collections.abc import Iterator
from pathlib import Path

_HERE = Path(__file__)
_PAGES = (_HERE.with_name("plant-file.md"), _HERE.parents[2] / "docs" / "plant-file.md")
"""In an installation beside this module, in a checkout where it belongs."""
_HEADING = re.compile(r"## `?([^`]+)`?")
_CODE = re.compile(r"`([^`]+)`")
_BELOW_MACHINES = ("lines", "*", "machines", "*")


def descriptions() -> dict[tuple[str, ...], str]:
    """Return the meaning of each key by its generic path, such as ("lines", "*", "name")."""
    page = next((page for page in _PAGES if page.exists()), None)
    return dict(_rows(page.read_text(encoding="utf-8"))) if page else {}


def _rows(page: str) -> Iterator[tuple[tuple[str, ...], str]]:
    section: tuple[str, ...] = ()
    for line in page.splitlines():
        if heading := _HEADING.fullmatch(line):
            section = _path(heading[1])
        elif line.startswith("| `"):
            keys, *_, meaning = (cell.strip() for cell in line.strip("|").split("|"))
            for key in _CODE.findall(keys):
                if meaning:
                    yield from ((path, meaning) for path in _paths(section, key))


def _paths(section: tuple[str, ...], key: str) -> Iterator[tuple[str, ...]]:
    """The keys that a row speaks of; one of the signals' table is any signal's."""
    yield (*section, *_path(key))


def _path(key: str) -> tuple[str, ...]:
    if key == "Top level":
        return ()
    if key.startswith("…signals"):
        return (*_BELOW_MACHINES, "signals", "*")
    return tuple("*" if part in ("ID", "NAME") else part for part in key.split("."))
