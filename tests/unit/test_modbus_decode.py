"""Registers → values, for every type and byte order, against `struct` on the plainly ordered bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.modbus.decode import Field, compile_bits, compile_registers, register_count
from connectors.modbus.frame import expected_answer

_FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "float64": "d"}


def _registers(plain: bytes, order: str) -> list[int]:
    """Lay bytes A, B, C, D… out as a device of that order does, by its definition on words."""
    words = [plain[i : i + 2] for i in range(0, len(plain), 2)]
    if order in ("DCBA", "CDAB"):
        words.reverse()
    if order in ("DCBA", "BADC"):
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


@pytest.mark.parametrize("order", ["ABCD", "DCBA", "BADC", "CDAB"])
@pytest.mark.parametrize("kind", sorted(_FORMATS))
@given(data=st.data())
def test_each_type_in_each_byte_order(kind, order, data):
    size = 2 * register_count(kind)
    plain = data.draw(st.binary(min_size=size, max_size=size))
    [want] = struct.unpack(">" + _FORMATS[kind], plain)
    decode = compile_registers([Field("k", 3, kind, order)])
    [got] = decode([0xDEAD, 0xBEEF, 0x0BAD, *_registers(plain, order), 0xFFFF])
    assert got == want or got != got


def test_the_published_example_of_123456_789_as_float32():
    # 123456.789 is 0x47F12065 as IEEE 754 single
    layouts = {"ABCD": [0x47F1, 0x2065], "DCBA": [0x6520, 0xF147], "BADC": [0xF147, 0x6520], "CDAB": [0x2065, 0x47F1]}
    for order, registers in layouts.items():
        assert compile_registers([Field("k", 0, "float32", order)])(registers) == [pytest.approx(123456.789, rel=1e-7)]


def test_bits_are_booleans():
    values = compile_bits([Field("a", 0, "bool", "ABCD"), Field("b", 2, "bool", "ABCD")])([1, 0, 0])
    assert values == [True, False]
    assert all(isinstance(value, bool) for value in values)


def test_only_the_one_true_answer_fits():
    request = struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 10, 2)
    expected = expected_answer(request)
    answer = struct.pack(">HHHBBBHH", 7, 0, 7, 1, 3, 4, 11, 22)
    assert all(expected.fits(answer[:n]) for n in range(len(answer) + 1))
    for place in range(9):
        lie = bytearray(answer)
        lie[place] ^= 0x01
        assert not expected.fits(bytes(lie)), f"byte {place}"
    assert not expected.fits(answer + b"\0")
    refusal = struct.pack(">HHHBBB", 7, 0, 3, 1, 0x83, 2)
    assert expected.fits(refusal)
    assert expected.refusal_code(refusal) == 2
    assert expected.refusal_code(answer) is None
