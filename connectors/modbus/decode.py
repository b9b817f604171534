"""Registers and bits → values: compiled once for a block, then one `struct` call per value.

The four byte orders of a 32-bit value ABCD (A the most significant byte) reduce to two buffers and two
endiannesses: ABCD and DCBA read the registers' bytes as they came, BADC and CDAB read them with the two
bytes of each register exchanged.
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
# order → (does it read the exchanged bytes, struct's endianness)
_ORDERS = {"ABCD": (False, ">"), "DCBA": (False, "<"), "BADC": (True, ">"), "CDAB": (True, "<")}

Decoder = Callable[[Sequence[int]], list[Value]]


@dataclass(frozen=True, slots=True)
class Field:
    """One value within a block: `offset` in items from the block's start."""

    key: str
    offset: int
    type: str
    byte_order: str


def register_count(type_name: str) -> int:
    """Return how many registers a value of this type takes.

    Raises
    ------
    AddressError
        The type is unknown for registers.
    """
    if type_name not in _FORMATS:
        raise AddressError(f"type '{type_name}' can't be read from registers; choose one of {', '.join(_FORMATS)}")
    return struct.calcsize(f">{_FORMATS[type_name]}") // 2


def check_byte_order(order: str) -> None:
    """Raise `AddressError` unless `order` is one of the four."""
    if order not in _ORDERS:
        raise AddressError(f"byte order '{order}' is none of {', '.join(_ORDERS)}")


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
    return struct.Struct(_ORDERS[field.byte_order][1] + _FORMATS[field.type]).unpack_from
