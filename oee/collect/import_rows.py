"""One imported row, checked against what the applied plant knows: every refusal says why in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, isnan

from connectors.base import MAX_TEXT_BYTES, usable
from oee.config.model import canonical_text
from oee.errors import InputError
from oee.store.master import Ids
from oee.store.samples import GOOD_LIMIT, TEXT_SIGNALS
from oee.store.times import FAR_US, from_us, to_us

COLUMNS = ("ts", "machine", "signal", "value")
HEADER = "ts,machine,signal,value[,quality]"
QUALITY = {"": 0, "good": 0, "uncertain": 0x40000000, "bad": 0x80000000}
NAME_SIGNALS = frozenset({"product", "order"})
"""Names stay as they are written, 0815 too; an empty one is none."""
Field = str | float | int | bool | None
"""A cell: text of a CSV file; of Parquet also a number, or an instant [µs UTC] as ``ts``."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be taken; ``value`` is text for text signals, a number for the others, None where it is bad."""

    line_number: int
    ts_us: int
    key: tuple[str, str, str]
    value: float | str | None
    status: int


class RowReader:
    """Turns fields of a file into rows, by what the applied plant knows.

    ``kept_us`` is from where on samples are kept, by the number of the machine, where older ones were dropped (S-55);
    of no machine were samples dropped from ``self.kept_us`` on.
    """

    def __init__(self, ids: Ids, now_us: int, kept_us: Mapping[int, int]) -> None:
        self._ids, self.now_us, self._kept_us = ids, now_us, kept_us
        self.kept_us = max(kept_us.values(), default=0)
        self._machines: dict[str, list[tuple[str, str]]] = {}
        for line, machine in ids.machines:
            self._machines.setdefault(machine, []).append((line, machine))
            self._machines[f"{line}/{machine}"] = [(line, machine)]

    def read(self, line_number: int, fields: Mapping[str, Field]) -> Row:
        """Check one row.

        Raises
        ------
        InputError
            The row can't be taken; the text says why.
        """
        machine = self._machine(str(fields.get("machine") or ""))
        signal = str(fields.get("signal") or "").strip()
        key = (*machine, signal)
        if key not in self._ids.tags:
            known = ", ".join(s for *of, s in self._ids.tags if tuple(of) == machine)
            raise InputError(f"machine {machine[1]!r} has no signal {signal!r}; it has: {known}")
        status = _quality(fields.get("quality"))
        ts_us = _instant(fields.get("ts"))
        if ts_us > self.now_us:
            raise InputError(f"{_told(fields.get('ts'))} lies in the future")
        if ts_us < 0:
            raise InputError(f"{_told(fields.get('ts'))} lies before 1970")
        kept_us = self._kept_us.get(self._ids.machines[machine], 0)
        if ts_us < kept_us:
            since = f"samples of {machine[1]!r} are kept from {from_us(kept_us):%Y-%m-%d} on (`retention_days`)"
            raise InputError(f"{_told(fields.get('ts'))} is too old: {since}, what is older stays as it was computed")
        value = _value(fields.get("value"), signal, good=status < GOOD_LIMIT)
        return Row(line_number, ts_us, key, value, status)

    def tag(self, row: Row) -> int:
        """Number of a row's tag."""
        return self._ids.tags[row.key]

    def _machine(self, name: str) -> tuple[str, str]:
        found = self._machines.get(name.strip(), [])
        if len(found) == 1:
            return found[0]
        if found:
            lines = " or ".join(f"{line}/{machine}" for line, machine in found)
            raise InputError(f"machine {name!r} is on several lines; write {lines}")
        known = ", ".join(sorted(self._machines)[:8])
        raise InputError(f"there is no machine {name!r}; machines here: {known}")


def _told(ts: Field) -> str:
    """An instant as the file has it; one that came as a number in words of its own."""
    return from_us(ts).isoformat() if isinstance(ts, int) and abs(ts) < FAR_US else str(ts)


def _instant(ts: Field) -> int:
    if isinstance(ts, int):
        return ts
    text = str(ts or "").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no time; write it as 2026-03-02T06:00:00Z or with an offset") from None
    if moment.tzinfo is None:
        raise InputError(f"{text!r} has no offset; write Z or one such as +01:00 behind it")
    return to_us(moment)


def _quality(field: Field) -> int:
    word = "" if field is None else str(field).strip().lower()
    if word in QUALITY:
        return QUALITY[word]
    try:
        number = int(word, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 2**32:
        raise InputError(f"quality {field!r} is none; write good, uncertain, bad or an OPC UA status number")
    return number


def _value(field: Field, signal: str, *, good: bool) -> float | str | None:
    """A value as its signal takes it; only a product, an order or a value that is not Good may be empty."""
    if field is None or (isinstance(field, str) and not field.strip()) or (isinstance(field, float) and isnan(field)):
        if good and signal in NAME_SIGNALS:
            return ""
        if good:
            raise InputError("there is no value")
        return None
    if signal in TEXT_SIGNALS:
        return _text(field, signal)
    try:
        number = float(field)
    except ValueError:
        raise InputError(f"{str(field).strip()!r} is no number, and {signal} counts") from None
    if not isfinite(number):
        raise InputError(f"{str(field).strip()!r} is no finite number")
    return number


def _text(field: str | float | bool, signal: str) -> str:
    """A name, whatever the file gives it as."""
    if not isinstance(field, str):
        return canonical_text(field)
    text = field.strip()
    if usable(text, 0)[0] is None:
        raise InputError(f"{text[:20]!r} is no {signal}: it holds a NUL, or more than {MAX_TEXT_BYTES} bytes")
    return text if signal in NAME_SIGNALS else _canonical(text)


def _canonical(text: str) -> str:
    """``6.0`` and ``6`` are one state, ``True`` and ``true`` too; other words stay as they are."""
    if text.lower() in {"true", "false"}:
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return canonical_text(number) if isfinite(number) else text
