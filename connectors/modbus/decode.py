"""Registers and bits → values: compiled once for a block, then one `struct` call per value.

The four byte orders of a 32-bit value ABCD (A the most significant byte) reduce to two buffers and two
endiannesses: ABCD and DCBA read the registers' bytes as they came, BADC and CDAB read them with the two
bytes of each register exchanged. A text has two orders: ABCD, and BADC with its letters exchanged in pairs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.base import AddressError, Value

_FORMATS = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
TEXT = "string"
_TEXT_ORDERS = ("ABCD", "BADC")
# order → (does it read the exchanged bytes, struct's endianness)
_ORDERS = {"ABCD": (False, ">"), "DCBA": (False, "<"), "BADC": (True, ">"), "CDAB": (True, "<")}

Decoder = Callable[[Sequence[int]], list[Value]]


@dataclass(frozen=True, slots=True)
class Field:
    """One value within a block: `offset` from the block's start and `count`, both in items."""

    key: str
    offset: int
    type: str
    byte_order: str
    count: int = 1


def register_count(type_name: str, length: int = 0) -> int:
    """Return how many registers a value of this type takes; a text (`string`) takes `length`.

    Raises
    ------
    AddressError
        The type is unknown for registers, or a text without length.
    """
    if type_name == TEXT:
        if length < 1:
            raise AddressError(f"type '{TEXT}' needs a length: how many registers the text takes")
        return length
    if type_name not in _FORMATS:
        raise AddressError(
            f"type '{type_name}' can't be read from registers; choose one of {', '.join((*_FORMATS, TEXT))}"
        )
    return struct.calcsize(f">{_FORMATS[type_name]}") // 2


def check_byte_order(order: str, type_name: str | None = None) -> None:
    """Raise `AddressError` unless `order` is one of the four, and for a text one of its two."""
    orders = _TEXT_ORDERS if type_name == TEXT else tuple(_ORDERS)
    if order not in orders:
        what = "byte order of a text" if type_name == TEXT else "byte order"
        raise AddressError(f"{what} '{order}' is none of {', '.join(orders)}")


def compile_registers(fields: Sequence[Field]) -> Decoder:
    """Make the decoder of a register block: registers (0…65535, from the block's start) → values, by field."""
    steps = [(_ORDERS[f.byte_order][0], _reader(f), 2 * f.offset) for f in fields]

    def decode(registers: Sequence[int]) -> list[Value]:
        count = len(registers)
        as_read = struct.pack(f">{count}H", *registers)
        exchanged = struct.pack(f"<{count}H", *registers)
        return [read(exchanged if other else as_read, start)[0] for other, read, start in steps]

    return decode


def compile_bits(fields: Sequence[Field]) -> Decoder:
    """Make the decoder of a block of coils or discrete inputs: bits from the block's start → values, by field."""
    offsets = [f.offset for f in fields]

    def decode(bits: Sequence[int]) -> list[Value]:
        return [bool(bits[offset]) for offset in offsets]

    return decode


def _reader(field: Field) -> Callable[[bytes, int], tuple[Value, ...]]:
    if field.type == TEXT:
        return lambda data, start: (_text(data[start : start + 2 * field.count]),)
    return struct.Struct(_ORDERS[field.byte_order][1] + _FORMATS[field.type]).unpack_from


def _text(data: bytes) -> str:
    """Return a text without what fills up its registers; bytes that are no UTF-8 become what no reading may hold."""
    return data.rstrip(b"\0 ").decode(errors="surrogateescape")
