"""Readers of single values. Each takes an `Item` and returns the value, or refuses it saying what would be right."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

from oee.config.faults import Refusal, suggestion
from oee.config.reader import JsonSchema, schema_of, takes
from oee.config.section import ID_PATTERN, Item, check_id
from oee.config.tree import Scalar

T = TypeVar("T")
_DECIMAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?")
_QUOTIENT = re.compile(r"^([1-9]\d{0,5})\s*/\s*([1-9]\d{0,5})$")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_HOURS_AND_MINUTES = re.compile(r"(\d{1,2})[:.h](\d{2})(:00)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")
_DAY_MIN = 1440
_DECIMALS = 12  # with the upper limits of each key: keeps the kernels' integers small
TEXT: JsonSchema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
"""A text; what YAML takes for a number or a truth value is taken as it stands."""
LONGEST_S = 31_622_400  # a leap year: longer is a slip, not a duration


def _scalar(item: Item) -> Scalar:
    if item.is_empty:
        raise Refusal("is empty; give a value or remove the key")
    if not isinstance(item.node, Scalar):
        raise Refusal("must be a single value, not a list or keys")
    return item.node


@takes(TEXT)
def text(item: Item) -> str:
    """Read a text as it stands in the file, numbers too."""
    value = _scalar(item).text.strip()
    if not value:
        raise Refusal("is empty; give a value or remove the key")
    return value


@takes({"type": ["string", "number"], "pattern": f"^{ID_PATTERN}$"})
def identifier(item: Item) -> str:
    """Read an id: letters, digits, `-`, `_`, `.`."""
    return check_id(text(item))


@takes({"type": "boolean"})
def flag(item: Item) -> bool:
    """Read true or false."""
    word = _scalar(item).text.lower()
    if _scalar(item).kind != "bool" or word not in ("true", "false"):
        raise Refusal(f"must be true or false, not `{word}`")
    return word == "true"


def optional(read: Callable[[Item], T]) -> Callable[[Item], T | None]:
    """Return a reader that takes an explicit null as None."""

    @takes({"anyOf": [schema_of(read) or {}, {"type": "null"}]})
    def read_or_none(item: Item) -> T | None:
        return None if item.is_empty else read(item)

    return read_or_none


def number(least: int | None = None, above: int | None = None, most: int | None = None) -> Callable[[Item], Fraction]:
    """Return a reader of exact numbers in a range: at least, more than, at most."""

    @takes(_ranged("number", least, above, most), _number)
    def read(item: Item) -> Fraction:
        return _in_range(item, _exact(item), least, above, most)

    return read


def rational(above: int, most: int) -> Callable[[Item], Fraction]:
    """Return a reader of numbers in a range that also takes a quotient, such as "1/12", exactly."""

    @takes({"anyOf": [_ranged("number", None, above, most), {"type": "string", "pattern": _QUOTIENT.pattern}]}, _number)
    def read(item: Item) -> Fraction:
        written = _scalar(item).text.strip()
        quotient = _QUOTIENT.fullmatch(written)
        if "/" in written and not quotient:
            raise Refusal(f'must be a number or a quotient of whole numbers such as "1/12", not `{written}`')
        value = Fraction(int(quotient[1]), int(quotient[2])) if quotient else _exact(item)
        return _in_range(item, value, None, above, most)

    return read


def _in_range(item: Item, value: Fraction, least: int | None, above: int | None, most: int | None) -> Fraction:
    if least is not None and value < least:
        raise Refusal(f"must be at least {least}, not {_scalar(item).text}")
    if above is not None and value <= above:
        raise Refusal(f"must be more than {above}, not {_scalar(item).text}")
    if most is not None and value > most:
        raise Refusal(f"must be at most {most}, not {_scalar(item).text}")
    return value


def _ranged(kind: str, least: int | None, above: int | None, most: int | None) -> JsonSchema:
    limits = {"minimum": least, "exclusiveMinimum": above, "maximum": most}
    return {"type": kind} | {name: limit for name, limit in limits.items() if limit is not None}


def _number(value: Any) -> Any:
    """Write an exact number the way a person does: 1, not 1.0."""
    return int(value) if value == int(value) else float(value)


def _exact(item: Item) -> Fraction:
    scalar = _scalar(item)
    if not _DECIMAL.fullmatch(scalar.text):
        raise Refusal(f"must be a number, not `{scalar.text}`")
    if scalar.kind not in ("int", "float"):
        raise Refusal("must be a number; remove the quotes")
    value = Fraction(scalar.text)
    if value.denominator > 10**_DECIMALS:
        raise Refusal(f"has more than {_DECIMALS} decimals; round it")
    return value


def whole(least: int, most: int | None = None) -> Callable[[Item], int]:
    """Return a reader of whole numbers in a range."""

    @takes(_ranged("integer", least, None, most))
    def read(item: Item) -> int:
        value = number(least, most=most)(item)
        if value.denominator != 1:
            raise Refusal(f"must be a whole number, not {_scalar(item).text}")
        return int(value)

    return read


@takes(_ranged("number", 0, None, LONGEST_S), lambda us: _number(us / 1_000_000))
def micros(item: Item) -> int:
    """Read a duration in seconds, from 0 to a year, as whole microseconds."""
    return int(number(least=0, most=LONGEST_S)(item) * 1_000_000)


@takes({"type": "number", "minimum": 0, "maximum": 1})
def ratio(item: Item) -> float:
    """Read a target as a ratio from 0 to 1; people who write per cent are told how."""
    value = number(least=0)(item)
    if value > 1:
        mend = f"; write {float(value / 100):g}, not {_scalar(item).text}" if value <= 100 else ""
        raise Refusal(f"must be a ratio between 0 and 1{mend}")
    return float(value)


def show_clock(minutes: int) -> str:
    """Write minutes after midnight as HH:MM."""
    return f"{minutes % _DAY_MIN // 60:02}:{minutes % 60:02}"


@takes({"type": "string", "pattern": f"^{_CLOCK.pattern}$"}, show_clock)
def clock(item: Item) -> int:
    """Read a local time HH:MM as minutes after midnight."""
    value = text(item)
    if not (match := _CLOCK.fullmatch(value)):
        raise Refusal(f'must be a time HH:MM from "00:00" to "23:59", not `{value}`{_meant(value)}')
    return int(match[1]) * 60 + int(match[2])


@takes({"type": "string", "pattern": f"^({_CLOCK.pattern}|24:00)$"}, show_clock)
def clock_end(item: Item) -> int:
    """Read a local time HH:MM that ends something: "24:00" is the midnight after, the same as "00:00"."""
    return 0 if text(item) == "24:00" else clock(item)


def _meant(value: str) -> str:
    match = _HOURS_AND_MINUTES.fullmatch(value)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        return ""
    return f'; did you mean "{int(match[1]):02}:{match[2]}"?'


@takes({"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"})
def day(item: Item) -> date:
    """Read a date YYYY-MM-DD."""
    value = text(item)
    try:
        if len(value) == len("2026-01-05"):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Refusal(f"must be a date that exists, such as 2026-01-05, not `{value}`")


@takes({"type": "string", "pattern": f"^{_MOMENT.pattern}$"})
def moment(item: Item) -> datetime:
    """Read a naive local date and time."""
    value = text(item)
    try:
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise Refusal(f"must be local date and time without an offset, such as 2026-12-01T08:00, not `{value}`")


@takes({"type": "string", "examples": ["Europe/Budapest"]})
def zone(item: Item) -> str:
    """Read the name of an IANA time zone."""
    value = text(item)
    if value not in _zones():
        raise Refusal(f"no time zone `{value}`{suggestion(value, _zones())}")
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def choice(names: Iterable[str]) -> Callable[[Item], str]:
    """Return a reader that takes one of a fixed set of words."""
    known = tuple(names)

    @takes({"enum": list(known)})
    def read(item: Item) -> str:
        value = text(item)
        if value not in known:
            raise Refusal(f"unknown value `{value}`{suggestion(value, known)}")
        return value

    return read


def reference(what: str, names: Iterable[str]) -> Callable[[Item], str]:
    """Return a reader that takes the name of something that this file defines."""
    known = tuple(names)

    @takes(TEXT)
    def read(item: Item) -> str:
        value = text(item)
        if value not in known:
            raise Refusal(f"no {what} `{value}`{suggestion(value, known) or '; none is defined'}")
        return value

    return read
