"""Readers that know what they take: the JSON Schema of the plant file is put together from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from oee.config.section import Item

T = TypeVar("T")
JsonSchema = Mapping[str, Any]


def _as_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """Reads one value.

    Attributes
    ----------
    read : returns the value, or refuses it.
    schema : what it takes, as JSON Schema 2020-12 of the value as it stands in the file.
    written : how a value that was read is written in the file: 10_000_000 µs as 10.
    """

    read: Callable[[Item], T]
    schema: JsonSchema
    written: Callable[[Any], Any] = _as_is

    def __call__(self, item: Item) -> T:
        """Read."""
        return self.read(item)


def takes(schema: JsonSchema, written: Callable[[Any], Any] = _as_is) -> Callable[[Callable[[Item], T]], Reader[T]]:
    """Decorate the function that reads a value with the schema of what it takes."""
    return lambda read: Reader(read, schema, written)


def schema_of(read: object) -> JsonSchema | None:
    """Return what a reader takes; None for a function that does not say it."""
    return read.schema if isinstance(read, Reader) else None
