"""The register map of the simulated Modbus devices; every unit has the same.

==========================  =====================================================
holding 40001, input 30001  state (`SimpleState`)
holding 40002, input 30002  PackML mode
holding 40003, input 30003  fault code
holding 40011, input 30011  good parts, 32 bit unsigned, word order ABCD
holding 40013, input 30013  rejects, 32 bit unsigned, word order ABCD
holding 40015, input 30015  all parts, 32 bit unsigned, word order ABCD
holding 40021, input 30021  product, 16 characters in 8 registers, padded with 0
holding 40031, input 30031  order, the same
coil 0, discrete input 0    running
coil 1, discrete input 1    fault present
==========================  =====================================================
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from simulators.model import Reading
from simulators.packml import SimpleState

REFERENCES: Final = {
    "state": "holding:40001",
    "mode": "holding:40002",
    "fault": "holding:40003",
    "good": "holding:40011",
    "reject": "holding:40013",
    "total": "holding:40015",
    "product": "holding:40021",
    "order": "holding:40031",
}
TEXT_REGISTERS = 8
REGISTER_COUNT = 38
BIT_COUNT = 2
_TEXT: Final = Struct(f">{TEXT_REGISTERS}H")


def registers_of(reading: Reading) -> list[int]:
    """Return the `REGISTER_COUNT` 16-bit registers that show a reading; registers between the values are 0."""
    registers = [0] * REGISTER_COUNT
    registers[0:3] = [reading.state, reading.mode, reading.fault]
    for address, count in ((10, reading.good), (12, reading.reject), (14, reading.total)):
        registers[address : address + 2] = [count >> 16 & 0xFFFF, count & 0xFFFF]
    for address, text in ((20, reading.product), (30, reading.order)):
        registers[address : address + TEXT_REGISTERS] = _TEXT.unpack(text.encode().ljust(_TEXT.size, b"\0"))
    return registers


def bits_of(reading: Reading) -> list[bool]:
    """Return the `BIT_COUNT` bits that show a reading."""
    return [reading.state == SimpleState.RUN, reading.fault != 0]
