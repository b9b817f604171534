"""What people write by API over the applied plant files: plant files + words → effective-dated plants. Pure.

A word is laid into the tree of the plant file where the file would say it, and the file's own readers read the whole.
The newest word wins; a file says something new of a thing only where it differs from the file applied before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeVar

from oee.config.grafting import Path, at_path, elements_of, plain
from oee.config.laying import Fault, Said, date_of, laid, machines_of, make_room, new_faults, put, read_over, tree_of
from oee.config.model import PlantConfig
from oee.config.tree import Keys

__all__ = ["ALWAYS_US", "Applied", "Fault", "Word", "faults_of", "layered"]

ALWAYS_US = -(2**62)
"""From the beginning (S-54)."""
FOREVER_US = 2**62
T = TypeVar("T")


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

    @property
    def said(self) -> Said:
        """What is laid over a file."""
        return self.kind, self.name, self.date, self.body


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
    words = sorted(words, key=lambda w: (w.effective_us, w.number))
    make_room(len(files) * (1 + len({w.effective_us for w in words})))
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
    """The words that hold over a file at an instant, as they were written; ``words`` as they take force."""
    holding: dict[tuple[str, str, str], Word] = {}
    for word in words:
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
    root = tree_of(source)
    if word.kind == "targets":
        return plain(at_path(root, ("lines", word.name, "targets")))
    if word.kind == "product":
        machines = (at_path(root, (*of, "products", word.name)) for of in machines_of(root))
        return plain(at_path(root, ("products", word.name))), tuple(map(plain, machines))
    listed = at_path(root, ("calendars", word.name, "exceptions"))
    return [plain(n) for n in elements_of(listed) if date_of(n) == word.date]


def over(file: Applied, words: Sequence[Word]) -> PlantConfig:
    """A plant file with words laid over it; a word that does not fit the file any more has no effect."""
    if not words:
        return file.plant
    exceptions, others = (tuple(w.said for w in words if (w.kind == "exception") is way) for way in (True, False))
    return read_over(file.source, exceptions, others)


def faults_of(file: Applied, words: Sequence[Word], word: Word) -> list[Fault]:
    """Why a word can't be laid over a file that others of these words lie on; empty if it can.

    Returns
    -------
    The places are parts of the word's body: ``("[0]", "start")``, ``("ideal_cycle_s",)``; of something that the word
    contradicts elsewhere, empty.
    """
    root = tree_of(file.source)
    for other in words:
        if other.subject != word.subject:
            root = laid(root, *other.said)
    there = put(root, *word.said)
    return [(_in_body(path, word, there), what) for path, what in new_faults(word.kind, word.name, root, there)]


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
