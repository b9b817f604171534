"""The Modbus connector against a server that others wrote, and against one that lies."""

from __future__ import annotations

import asyncio
import contextlib
import struct

import pytest
from connector_peers import free_port, tcp_server
from pyModbusTCP.server import DataBank, ModbusServer

from connectors import status
from connectors.base import ConnectorError, TagSpec
from connectors.registry import create


@contextlib.contextmanager
def _peer(bank):
    server = ModbusServer("127.0.0.1", free_port(), no_block=True, data_bank=bank)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


async def _poll(port, tags, **settings):
    async with create("modbus", {"host": "127.0.0.1", "port": port, "timeout_s": 1.0, **settings}, tags) as connector:
        return {reading.key: (reading.value, reading.status) for reading in await connector.poll()}


def _words(layout, value):
    data = struct.pack(layout, value)
    return list(struct.unpack(f">{len(data) // 2}H", data))


async def test_all_tables_types_and_orders_against_pymodbustcp():
    bank = DataBank(coils_size=3000, d_inputs_size=100, h_regs_size=500, i_regs_size=100)
    bank.set_holding_registers(10, _words(">I", 4_000_000_000))
    bank.set_holding_registers(12, _words(">f", 1.5)[::-1])
    bank.set_holding_registers(14, _words(">q", -5))
    bank.set_holding_registers(18, _words("<H", 0x1234))
    bank.set_holding_registers(300, _words(">d", 0.1))
    bank.set_input_registers(0, _words(">h", -3))
    bank.set_coils(0, [True, False, True])
    bank.set_coils(2999, [True])
    bank.set_discrete_inputs(9, [True])
    tags = [
        TagSpec("u32", "holding:40011", "uint32"),
        TagSpec("f32", "holding:12", "float32", "CDAB"),
        TagSpec("i64", "holding:14", "int64"),
        TagSpec("swapped", "holding:18", "uint16", "BADC"),
        TagSpec("f64", "holding:300", "float64"),
        TagSpec("i16", "input:30001", "int16"),
        TagSpec("c0", "coil:0"),
        TagSpec("c1", "coil:00002"),
        TagSpec("c2999", "coil:2999", "bool"),
        TagSpec("d", "discrete:10010"),
    ]
    with _peer(bank) as port:
        got = await _poll(port, tags)
    assert got == {
        "u32": (4_000_000_000, 0),
        "f32": (1.5, 0),
        "i64": (-5, 0),
        "swapped": (0x1234, 0),
        "f64": (0.1, 0),
        "i16": (-3, 0),
        "c0": (True, 0),
        "c1": (False, 0),
        "c2999": (True, 0),
        "d": (True, 0),
    }


# As devices lay their bytes out: A is the most significant one, each pair a register.
_LAYOUTS = {"ABCD": (False, False), "DCBA": (True, True), "BADC": (False, True), "CDAB": (True, False)}
_VALUES = {
    "int16": (">h", -12_345),
    "uint16": (">H", 54_321),
    "int32": (">i", -1_234_567_890),
    "uint32": (">I", 4_123_456_789),
    "int64": (">q", -1_234_567_890_123_456_789),
    "uint64": (">Q", 2**64 - 2),
    "float32": (">f", -1.5e-3),
    "float64": (">d", 123_456.789e-20),
}


def _laid_out(layout, value, order):
    """The registers of a value in a device of that byte order, by its definition on registers."""
    words = _words(layout, value)
    are_words_reversed, are_bytes_exchanged = _LAYOUTS[order]
    if are_words_reversed:
        words.reverse()
    return [(word & 0xFF) << 8 | word >> 8 for word in words] if are_bytes_exchanged else words


@pytest.mark.parametrize("table", ["holding", "input"])
async def test_every_type_in_every_byte_order_from_either_register_table(table):
    bank = DataBank(h_regs_size=2000, i_regs_size=2000)
    put = bank.set_holding_registers if table == "holding" else bank.set_input_registers
    tags, want = [], {}
    cases = [(kind, order) for kind in _VALUES for order in _LAYOUTS]
    for place, (kind, order) in enumerate(cases):
        layout, value = _VALUES[kind]
        put(20 * place + 3, _laid_out(layout, value, order))
        key = f"{kind} {order}"
        tags.append(TagSpec(key, f"{table}:{20 * place + 3}", kind, order))
        want[key] = (struct.unpack(layout, struct.pack(layout, value))[0], 0)
    with _peer(bank) as port:
        assert await _poll(port, tags) == want


@pytest.mark.parametrize(
    ("table", "wire", "written"),
    [
        ("holding", 0, ("holding:0", "holding:40001", "holding:400001")),
        ("holding", 9_998, ("holding:9998", "holding:49999", "holding:409999")),
        ("holding", 65_535, ("holding:465536",)),
        ("input", 0, ("input:0", "input:30001", "input:300001")),
        ("input", 12_345, ("input:312346",)),
        ("coil", 0, ("coil:0", "coil:00001", "coil:000001")),
        ("coil", 65_535, ("coil:065536",)),
        ("discrete", 0, ("discrete:0", "discrete:10001", "discrete:100001")),
        ("discrete", 41, ("discrete:41", "discrete:10042", "discrete:100042")),
    ],
)
async def test_an_address_counts_from_0_or_is_the_documentations(table, wire, written):
    bank = DataBank()
    is_bit = table in ("coil", "discrete")
    put = {
        "holding": bank.set_holding_registers,
        "input": bank.set_input_registers,
        "coil": bank.set_coils,
        "discrete": bank.set_discrete_inputs,
    }[table]
    put(wire, [True if is_bit else 4_711])
    with _peer(bank) as port:
        got = await _poll(port, [TagSpec(text, text, None if is_bit else "uint16") for text in written])
    assert got == dict.fromkeys(written, (True if is_bit else 4711, 0))


def _text_words(data, length):
    data = data.ljust(2 * length, b"\0")
    return list(struct.unpack(f">{length}H", data))


async def test_texts_end_where_their_filling_begins_and_what_is_no_text_is_bad():
    bank = DataBank(h_regs_size=200, i_regs_size=100)
    bank.set_holding_registers(0, _text_words(b"Cola 0.5", 8))
    bank.set_holding_registers(10, [(w & 0xFF) << 8 | w >> 8 for w in _text_words(b"ORDER-4711      ", 8)])
    bank.set_holding_registers(20, _text_words("Süß".encode(), 3))
    bank.set_holding_registers(30, _text_words(b"S\xfc\xdf", 3))  # Latin-1: no UTF-8
    bank.set_holding_registers(40, _text_words(b"A\0B", 3))
    bank.set_holding_registers(60, _text_words(b"x" * 250, 125))
    bank.set_input_registers(5, _text_words(b"7", 4))
    tags = [
        TagSpec("product", "holding:0", "string", length=8),
        TagSpec("exchanged", "holding:10", "string", "BADC", length=8),
        TagSpec("umlaut", "holding:20", "string", length=3),
        TagSpec("latin", "holding:30", "string", length=3),
        TagSpec("nul", "holding:40", "string", length=3),
        TagSpec("empty", "holding:50", "string", length=4),
        TagSpec("longest", "holding:60", "string", length=125),
        TagSpec("input", "input:30006", "string", length=4),
        TagSpec("beside", "holding:9", "uint16"),
    ]
    with _peer(bank) as port:
        got = await _poll(port, tags)
    assert got == {
        "product": ("Cola 0.5", 0),
        "exchanged": ("ORDER-4711", 0),
        "umlaut": ("Süß", 0),
        "latin": (None, status.BAD_DECODING_ERROR),
        "nul": (None, status.BAD_DECODING_ERROR),
        "empty": ("", 0),
        "longest": ("x" * 250, 0),
        "input": ("7", 0),
        "beside": (0, 0),
    }


async def test_a_refused_block_is_bad_and_the_others_are_not():
    bank = DataBank(h_regs_size=100)
    bank.set_holding_registers(0, [7])
    with _peer(bank) as port:
        got = await _poll(port, [TagSpec("a", "holding:0"), TagSpec("b", "holding:5000")])
    assert got == {"a": (7, 0), "b": (None, status.BAD_NODE_ID_UNKNOWN)}


async def test_a_device_that_refuses_a_hole_is_read_without_it():
    async def device(request):
        start, count = struct.unpack(">HH", request[8:12])
        if start <= 3 < start + count:
            return _frame(request, bytes([request[7] | 0x80, 2]))
        return _frame(request, bytes([request[7], 2 * count]) + bytes(range(1, 2 * count + 1)))

    async with _device(device) as (port, requests):
        tags = [TagSpec("a", "holding:1"), TagSpec("b", "holding:5")]
        async with create("modbus", {"host": "127.0.0.1", "port": port}, tags) as connector:
            for _ in range(2):
                got = {reading.key: (reading.value, reading.status) for reading in await connector.poll()}
                assert got == {"a": (0x0102, 0), "b": (0x0102, 0)}
    assert len(requests) == 1 + 2 + 2, "the second poll still asked for the hole"


def _frame(request, pdu, *, tid=None, unit=None, protocol=0, length=None):
    head = request[:2] if tid is None else tid.to_bytes(2, "big")
    size = len(pdu) + 1 if length is None else length
    return head + struct.pack(">HHB", protocol, size, request[6] if unit is None else unit) + pdu


@contextlib.asynccontextmanager
async def _device(answer):
    """Serve what `answer(request)` returns; also give the requests it saw."""
    requests = []

    async def serve(reader, writer):
        while True:
            requests.append(await reader.readexactly(12))
            writer.write(await answer(requests[-1]))
            await writer.drain()

    async with tcp_server(serve) as port:
        yield port, requests


def _truth(request, count=2):
    return bytes([request[7], 2 * count]) + b"\xbe\xef" * count


_LIES = {
    "short": lambda r: _frame(r, _truth(r, 1)),
    "short, and its length says otherwise": lambda r: _frame(r, bytes([3, 4]) + b"\xbe\xef"),
    "long": lambda r: _frame(r, _truth(r, 3)),
    "wrong unit": lambda r: _frame(r, _truth(r), unit=9),
    "transaction 0": lambda r: _frame(r, _truth(r), tid=0),
    "another transaction": lambda r: _frame(r, _truth(r), tid=777),
    "another function": lambda r: _frame(r, bytes([4, 4]) + b"\xbe\xef" * 2),
    "a write's echo": lambda r: _frame(r, bytes([6]) + b"\0\0\xbe\xef"),
    "protocol id": lambda r: _frame(r, _truth(r), protocol=1),
    "length too small": lambda r: _frame(r, _truth(r), length=3),
    "length too great": lambda r: _frame(r, _truth(r), length=90),
    "odd byte count": lambda r: _frame(r, bytes([3, 5]) + b"\xbe\xef" * 2 + b"\0"),
    "twice": lambda r: _frame(r, _truth(r)) * 2,
    "a stale one before": lambda r: _frame(r, _truth(r), tid=0) + _frame(r, _truth(r)),
    "undecodable function": lambda r: _frame(r, b"\x7f\x01\x02"),
    "garbage": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20,
    "nothing": lambda _: b"",
    "half": lambda r: _frame(r, _truth(r))[:10],
}


@pytest.mark.parametrize("lie", sorted(_LIES))
async def test_a_lie_never_becomes_a_value_and_ends_the_connection(lie, caplog):
    async def answer(request):
        return _LIES[lie](request)

    async with _device(answer) as (port, _):
        with pytest.raises(ConnectorError):
            await _poll(port, [TagSpec("a", "holding:0", "uint32")], timeout_s=0.3)
    assert caplog.records == []


async def test_a_request_without_an_answer_is_never_repeated_on_the_connection():
    async def nothing(request):
        return b""

    async with _device(nothing) as (port, requests):
        with pytest.raises(ConnectorError, match="gave no answer"):
            await _poll(port, [TagSpec("a", "holding:0")], timeout_s=0.1)
        assert len(requests) == 1


async def test_a_late_answer_is_not_taken_for_the_next_one():
    seen = []

    async def answer(request):
        seen.append(request)
        if len(seen) == 1:
            return _frame(request, _truth(request))
        return _frame(seen[0], _truth(request)) + _frame(request, bytes([3, 4, 0, 0, 0, 1]))

    async with _device(answer) as (port, _):
        tags = [TagSpec("a", "holding:0", "uint32")]
        async with create("modbus", {"host": "127.0.0.1", "port": port, "timeout_s": 0.3}, tags) as connector:
            assert [r.value for r in await connector.poll()] == [0xBEEFBEEF]
            with pytest.raises(ConnectorError):
                await connector.poll()


@pytest.mark.parametrize(
    ("code", "want"),
    [
        (1, 0x803D0000),
        (2, 0x80340000),
        (3, 0x803C0000),
        (4, 0x808B0000),
        (6, 0x80040000),
        (11, 0x80310000),
        (99, 0x808B0000),
    ],
)
async def test_device_exceptions_become_status_codes(code, want):
    async def answer(request):
        return _frame(request, bytes([request[7] | 0x80, code]))

    async with _device(answer) as (port, _):
        assert await _poll(port, [TagSpec("a", "holding:0")]) == {"a": (None, want)}


async def test_an_answer_in_pieces_is_put_together():
    async def serve(reader, writer):
        request = await reader.readexactly(12)
        for byte in _frame(request, _truth(request)):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.002)
        await reader.read()

    async with tcp_server(serve) as port:
        assert await _poll(port, [TagSpec("a", "holding:0", "uint32")]) == {"a": (0xBEEFBEEF, 0)}


async def test_only_reading_function_codes_are_ever_sent():
    async def answer(request):
        return _frame(request, bytes([request[7] | 0x80, 1]))

    tags = [TagSpec(t, f"{t}:0") for t in ("coil", "discrete", "holding", "input")]
    async with _device(answer) as (port, requests):
        await _poll(port, tags)
    assert sorted(request[7] for request in requests) == [1, 2, 3, 4]


async def test_no_device_is_one_sentence():
    with pytest.raises(ConnectorError, match=r"no connection to 127\.0\.0\.1:\d+; is the device on"):
        await _poll(free_port(), [TagSpec("a", "holding:0")])
