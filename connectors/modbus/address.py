"""How a Modbus address is written, and what it means on the wire.

A number of up to four digits is the 0-based address of the wire: `holding:10`. Five or six digits with the
table's own first digit (coil 0, discrete 1, input 3, holding 4) are the 1-based number of the device's
documentation: `holding:40011` is the same register as `holding:10`. Anything else could mean two registers,
and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from connectors.base import AddressError

WIRE_SPAN = 65_536


class Table(Enum):
    """A Modbus table: name, reading function code, first digit in documentation, most items in one request."""

    COIL = ("coil", 1, "0", 2_000)
    DISCRETE = ("discrete", 2, "1", 2_000)
    HOLDING = ("holding", 3, "4", 125)
    INPUT = ("input", 4, "3", 125)

    def __init__(self, label: str, function_code: int, digit: str, max_count: int) -> None:
        self.label = label
        self.function_code = function_code
        self.digit = digit
        self.max_count = max_count

    @property
    def holds_bits(self) -> bool:
        """Whether an item is one bit; else it is a register of 16."""
        return self.function_code <= 2


@dataclass(frozen=True, slots=True)
class Address:
    """An item of a table, 0-based as on the wire."""

    table: Table
    wire: int


_TABLES = {table.label: table for table in Table}


def parse_address(text: str) -> Address:
    """Read an address such as `holding:40011`, `input:30001`, `coil:0`.

    Raises
    ------
    AddressError
        The table is unknown, the number is none, out of range, or could mean two items.
    """
    label, _, number = text.partition(":")
    table = _TABLES.get(label)
    if table is None or not (number.isascii() and number.isdigit()):
        raise AddressError(f"'{text}' is no Modbus address; write one like holding:40011, input:30001 or coil:0")
    wire = _documented(text, table, number) if len(number) > 4 else _small(text, number)
    return Address(table, wire)


def _small(text: str, number: str) -> int:
    if len(number) > 1 and number.startswith("0"):
        raise AddressError(f"'{text}' could be counted from 0 or from 1; write it without leading zeros (from 0)")
    return int(number)


def _documented(text: str, table: Table, number: str) -> int:
    owner = next((other for other in Table if other.digit == number[0]), None)
    if len(number) > 6 or owner is None:
        raise AddressError(f"'{text}' is beyond the {WIRE_SPAN} items of a Modbus table")
    if owner is not table:
        raise AddressError(
            f"'{text}' could mean two items: numbers of {len(number)} digits start with {table.digit} for "
            f"{table.label} ({number} would be {owner.label}); write up to four digits to count from 0"
        )
    wire = int(number[1:]) - 1
    if not 0 <= wire < WIRE_SPAN:
        raise AddressError(f"'{text}': documentation counts from {table.digit}{'1'.zfill(len(number) - 1)}")
    return wire
