"""Faults of a plant file: gathered all, told in one form, with the word that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from oee.errors import ConfigError


class PlantFileError(ConfigError):
    """A plant file that can't be taken.

    Attributes
    ----------
    faults : every fault as ``FILE:LINE: key: what``, in the order of the lines.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Refusal(Exception):
    """One value can't be taken; whoever reads it knows line and key. Never seen outside this package."""


class Faults:
    """Gathers the faults of one file, so that a person mends them in one go.

    Attributes
    ----------
    has_lost : whether a value could not be read, so that what stands in for it is not what the file says.
    """

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self.has_lost = False
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, path: tuple[str, ...], what: str, *, lost: bool = False) -> None:
        """Note one fault at a line [1 is the first] and a key, given by its parts; `lost` as in `has_lost`."""
        self.has_lost |= lost
        fault = (line, f"{'.'.join(path) or 'file'}: {what}")
        if fault not in self._found:  # an anchor used twice tells its fault once
            self._found.append(fault)

    def asked(self, path: tuple[str, ...], key: str, read: object = None, default: object = None) -> None:
        """Hear that a reader asked for a key of the section at `path`; who makes the schema listens (`schema`)."""

    def tried(self, path: tuple[str, ...], read: object) -> None:
        """Hear that the value at `path` is read by `read`."""

    def free_keys(self, path: tuple[str, ...], pattern: str | None = None) -> None:
        """Hear that the section at `path` takes keys of any name, or of any that fits `pattern`."""

    def raise_any(self) -> None:
        """Raise PlantFileError with all that was found, by line; do nothing when there is nothing."""
        if self._found:
            raise PlantFileError(self.in_order())

    def in_order(self) -> tuple[str, ...]:
        """Return every fault as ``FILE:LINE: key: what``, by line."""
        ordered = sorted(self._found, key=lambda fault: fault[0])
        return tuple(f"{self._filename}:{line}: {text}" for line, text in ordered)


def is_near(word: str, known: Iterable[str]) -> bool:
    """Return whether `word` is one of the known words or nearly so."""
    return bool(get_close_matches(word.lower(), list(known), n=1, cutoff=0.75))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean `x`?" for the known word nearest to `word`, else what is known."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{by_lower[near[0]]}`?"
    return f"; known: {', '.join(by_lower.values())}" if len(by_lower) in range(1, 31) else ""
