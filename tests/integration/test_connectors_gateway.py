"""Several units behind one Modbus connection: a silent one is demoted, and the others stay as they were."""

from __future__ import annotations

import asyncio

import pytest
from connector_peers import tcp_server

from connectors import status
from connectors.base import ConnectorError, TagSpec
from connectors.modbus import units
from connectors.registry import create

TIMEOUT_S = 0.2
BAD = (None, status.BAD_TIMEOUT)


class _Gateway:
    """Answers for each unit with its number, but for the silent ones; those it answers too late, by another number."""

    def __init__(self, *silent):
        self.silent = set(silent)
        self.asked = []
        self.connections = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        while True:
            request = await reader.readexactly(12)
            unit = request[6]
            self.asked.append(unit)
            if unit in self.silent:
                asyncio.get_running_loop().call_later(1.2 * TIMEOUT_S, writer.write, _answer(request, 99))
            else:
                writer.write(_answer(request, unit))


def _answer(request, value):
    return request[:5] + bytes([5, request[6], 3, 2]) + value.to_bytes(2, "big")


def _connector(port, *numbers):
    tags = [TagSpec(f"u{n}", "holding:0", unit=n) for n in numbers]
    return create("modbus", {"host": "127.0.0.1", "port": port, "timeout_s": TIMEOUT_S}, tags)


async def _values(connector):
    return {r.key: (r.value, r.status) for r in await connector.poll()}


async def test_a_silent_unit_is_bad_alone_and_left_alone():
    gateway = _Gateway(2)
    async with tcp_server(gateway) as port, _connector(port, 1, 2, 3) as connector:
        for _ in range(3):
            assert await _values(connector) == {"u1": (1, 0), "u2": BAD, "u3": (3, 0)}
            await asyncio.sleep(0.5 * TIMEOUT_S)  # into the late answer
    assert gateway.asked.count(2) == 1
    assert gateway.asked.count(1) == gateway.asked.count(3) == 3
    assert gateway.connections == 2


async def test_a_unit_that_is_back_is_read_again_after_its_pause(monkeypatch):
    monkeypatch.setattr(units, "FIRST_PAUSE_S", 0.1)
    gateway = _Gateway(2)
    async with tcp_server(gateway) as port, _connector(port, 1, 2) as connector:
        assert (await _values(connector))["u2"] == BAD
        gateway.silent.clear()
        assert (await _values(connector))["u2"] == BAD, "asked again at once"
        await asyncio.sleep(0.15)
        assert await _values(connector) == {"u1": (1, 0), "u2": (2, 0)}


async def test_many_silent_units_never_hold_up_a_poll_for_longer_than_it_may_take():
    gateway = _Gateway(1, 2, 3, 4)
    async with tcp_server(gateway) as port, _connector(port, 1, 2, 3, 4, 5) as connector:
        began = asyncio.get_running_loop().time()
        seen = [await _values(connector)]
        assert asyncio.get_running_loop().time() - began < 3 * TIMEOUT_S
        seen += [await _values(connector) for _ in range(2)]
    assert [s["u5"] for s in seen] == [BAD, BAD, (5, 0)], "two are waited for in each poll"
    assert sorted(set(gateway.asked)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("numbers", [(7,), (7, 8)])
async def test_an_endpoint_of_which_nothing_answers_fails(numbers):
    async with tcp_server(_Gateway(7, 8)) as port, _connector(port, *numbers) as connector:
        with pytest.raises(ConnectorError, match="gave no answer"):
            await connector.poll()
