"""What people write by API over the applied plant files: plant files + words → effective-dated plants. Pure.

A word is laid into the tree of the plant file where the file would say it, and the file's own readers read the whole.
The newest word wins; a file says something new of a thing only where it differs from the file applied before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, TypeVar

from oee.config.calendars import read_calendar
from oee.config.faults import Faults
from oee.config.grafting import Path, at_path, elements_of, names_at, node_of, plain, with_value
from oee.config.model import MachineConfig, PlantConfig
from oee.config.plant import read_plant
from oee.config.section import Item
from oee.config.tree import Items, Keys, Node, Scalar, parse

ALWAYS_US = -(2**62)
"""From the beginning (S-54)."""
FOREVER_US = 2**62
T = TypeVar("T")
Fault = tuple[Path, str]
"""Where a fault is, as parts of its key, and what it is."""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing written by API.

    Attributes
    ----------
    number : the order in which words were written.
    after : the newest configuration that was applied when it was written.
    kind, name : the exceptions of a date of calendar ``name``, the targets of line ``name``, the product ``name``.
    body : as JSON text: a list of exceptions (null: it says nothing, the file counts), a mapping of targets, a mapping
        of a product. Text, so that equal words are equal keys of what was read by them.
    effective_us : from when it holds [µs UTC]; exceptions hold for their ``date`` in every configuration.
    """

    number: int
    after: int
    kind: Literal["exception", "targets", "product"]
    name: str
    body: str
    effective_us: int = ALWAYS_US
    date: str = ""

    @property
    def subject(self) -> tuple[str, str, str]:
        """What it is about: a later word of the same takes its place."""
        return self.kind, self.name, self.date


@dataclass(frozen=True, slots=True)
class Applied:
    """A plant file as it was applied; ``plant`` is what it says by itself."""

    config_id: int
    effective_us: int
    source: str
    plant: PlantConfig


def layered(files: Sequence[Applied], words: Sequence[Word]) -> tuple[tuple[int, int, PlantConfig], ...]:
    """All configurations over time as (number of the file, in force from [µs UTC], plant), words laid over the files.

    Parameters
    ----------
    files : in the order in which they take force.
    words : in the order in which they were written.
    """
    if not words:
        return tuple((f.config_id, f.effective_us, f.plant) for f in files)
    overruled = {w: _overruled_by(w, files) for w in words}
    found: list[tuple[int, int, PlantConfig]] = []
    for file, until_us in zip(files, [*(f.effective_us for f in files[1:]), FOREVER_US], strict=True):
        inside = {w.effective_us for w in words if file.effective_us < w.effective_us < until_us}
        for since_us in (file.effective_us, *sorted(inside)):
            plant = over(file, _in_force(words, overruled, file, since_us))
            found.append((file.config_id, since_us, _sharing(found[-1][2], plant) if found else plant))
    return tuple(found)


def _in_force(
    words: Sequence[Word], overruled: Mapping[Word, Applied | None], file: Applied, at_us: int
) -> tuple[Word, ...]:
    """The words that hold over a file at an instant, in the order in which they were written."""
    holding: dict[tuple[str, str, str], Word] = {}
    for word in sorted(words, key=lambda w: (w.effective_us, w.number)):
        if word.effective_us <= max(at_us, file.effective_us):
            holding[word.subject] = word
    kept = [w for w in holding.values() if (by := overruled[w]) is None or _is_before(file, by, w)]
    return tuple(sorted(kept, key=lambda w: w.number))


def _overruled_by(word: Word, files: Sequence[Applied]) -> Applied | None:
    """The first file newer than a word that says something new of its subject."""
    for before, file in pairwise(sorted(files, key=lambda f: f.config_id)):
        newer = file.config_id > word.after
        if word.kind != "exception":
            newer = (file.effective_us, file.config_id) > (word.effective_us, word.after)
        if newer and _said(file.source, word) != _said(before.source, word):
            return file
    return None


def _is_before(file: Applied, other: Applied, word: Word) -> bool:
    """Whether a file comes before another: exceptions hold by the order of applying, the rest by the order of force."""
    if word.kind == "exception":
        return file.config_id < other.config_id
    return (file.effective_us, file.config_id) < (other.effective_us, other.config_id)


def _said(source: str, word: Word) -> object:
    """What a file says of the subject of a word."""
    root = _tree(source)
    if word.kind == "targets":
        return plain(at_path(root, ("lines", word.name, "targets")))
    if word.kind == "product":
        machines = (at_path(root, (*of, "products", word.name)) for of in _machines(root))
        return plain(at_path(root, ("products", word.name))), tuple(map(plain, machines))
    listed = at_path(root, ("calendars", word.name, "exceptions"))
    return [plain(n) for n in elements_of(listed) if _date(n) == word.date]


def over(file: Applied, words: Sequence[Word]) -> PlantConfig:
    """A plant file with words laid over it; a word that does not fit the file any more has no effect."""
    if not words:
        return file.plant
    return _read(file.source, tuple((w.kind, w.name, w.date, w.body) for w in words))


def faults_of(file: Applied, words: Sequence[Word], word: Word) -> list[Fault]:
    """Why a word can't be laid over a file that others of these words lie on; empty if it can.

    Returns
    -------
    The places are parts of the word's body: ``("[0]", "start")``, ``("ideal_cycle_s",)``; of something that the word
    contradicts elsewhere, empty.
    """
    root = _tree(file.source)
    for other in words:
        if other.subject != word.subject:
            root = _laid(root, other.kind, other.name, other.date, other.body)
    put = _put(root, word.kind, word.name, word.date, word.body)
    return [(_in_body(path, word, put), what) for path, what in _new_faults(word.kind, word.name, root, put)]


def _new_faults(kind: str, name: str, before: Keys, after: Keys) -> list[Fault]:
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


def _in_body(path: Path, word: Word, root: Keys) -> Path:
    """Where in the word's body a fault is."""
    if word.kind == "targets" and path[:3] == ("lines", word.name, "targets"):
        return path[3:]
    if word.kind == "product" and path[:2] == ("products", word.name):
        return path[2:]
    if word.kind == "product" and path[:1] == ("lines",) and path[4:6] == ("products", word.name):
        return ("machines", f"{path[1]}/{path[3]}", *path[6:])
    if word.kind == "exception" and len(path) > 2 and path[2].startswith("exceptions["):
        others = len(elements_of(at_path(root, ("calendars", word.name, "exceptions")))) - len(json.loads(word.body))
        place = int(path[2][len("exceptions[") : -1]) - others
        return (f"[{place}]", *path[3:]) if place >= 0 else ()
    return ()


class _Heard(Faults):
    """Faults by their place."""

    def __init__(self) -> None:
        super().__init__("")
        self.heard: list[Fault] = []

    def add(self, line: int, path: tuple[str, ...], what: str, *, lost: bool = False) -> None:
        super().add(line, path, what, lost=lost)
        if (path, what) not in self.heard:
            self.heard.append((path, what))


@lru_cache(maxsize=64)
def _tree(source: str) -> Keys:
    root = parse(source, Faults("applied plant file"))
    assert isinstance(root, Keys)  # or it would not have been applied
    return root


@lru_cache(maxsize=256)
def _read(source: str, words: tuple[tuple[str, str, str, str], ...]) -> PlantConfig:
    """Read a file with words laid over it. Machines of which no word names the product keep the file's."""
    root = _tree(source)
    for word in words:
        root = _laid(root, *word)
    return _defaults_kept(_read_alone(source), read_plant(root, _Heard()))


@lru_cache(maxsize=64)
def _read_alone(source: str) -> PlantConfig:
    return read_plant(_tree(source), _Heard())


def _laid(root: Keys, kind: str, name: str, date: str, body: str) -> Keys:
    """The tree with a word in it; without it where it does not fit."""
    put = _put(root, kind, name, date, body)
    fits = kind != "exception" or put is root or not _new_faults(kind, name, root, put)
    return put if fits else root


def _put(root: Keys, kind: str, name: str, date: str, body: str) -> Keys:
    said = json.loads(body)
    if kind == "exception" and said is not None and at_path(root, ("calendars", name)) is not None:
        listed = elements_of(at_path(root, ("calendars", name, "exceptions")))
        kept = [n for n in listed if _date(n) != date]
        return with_value(root, ("calendars", name, "exceptions"), Items(0, (*kept, *(node_of(e) for e in said))))
    if kind == "targets" and at_path(root, ("lines", name)) is not None:
        return with_value(root, ("lines", name, "targets"), node_of(said))
    return _put_product(root, name, said) if kind == "product" else root


def _put_product(root: Keys, name: str, said: Mapping[str, Any]) -> Keys:
    """Products at machines that the word does not name stay; what a machine makes by default is the file's to say."""
    products = at_path(root, ("products",))
    known = [key.text for key, _ in products.pairs] if isinstance(products, Keys) else []
    for path in _machines(root):
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


def _read_calendar(root: Keys, name: str, faults: Faults) -> None:
    node = at_path(root, ("calendars", name))
    assert node is not None
    read_calendar(Item(("calendars", name), node.line, node), (), faults)


def _sharing(before: PlantConfig, plant: PlantConfig) -> PlantConfig:
    """The plant, with the very objects of the one before it where they are equal: comparing them then costs nothing."""
    if plant is before:
        return plant
    info = before.plant if before.plant == plant.plant else plant.plant
    return replace(
        plant,
        plant=info,
        calendars=_shared(before.calendars, plant.calendars),
        products=_shared(before.products, plant.products),
        connectors=_shared(before.connectors, plant.connectors),
        lines=_shared(before.lines, plant.lines),
    )


def _shared(before: Mapping[str, T], after: Mapping[str, T]) -> dict[str, T]:
    return {key: before[key] if before.get(key) == value else value for key, value in after.items()}


def _date(exception: Node) -> str | None:
    date = at_path(exception, ("date",))
    return date.text.strip() if isinstance(date, Scalar) else None


def _machines(root: Keys) -> Iterable[Path]:
    """Paths of all machines of a file."""
    for line in names_at(root, ("lines",)):
        for machine in names_at(root, ("lines", line, "machines")):
            yield ("lines", line, "machines", machine)
