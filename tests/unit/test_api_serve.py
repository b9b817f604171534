"""Serving: this machine alone by default, clean ends."""

import asyncio
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from oee.api.serve import address_of, listen, serve
from oee.errors import InputError
from oee.store.accounts import Role
from tests.api_fixture import MemoryAccounts, app

PROGRAM = """
from oee.api.serve import address_of, listen, serve
from oee.cli.run import together
from tests.api_fixture import MemoryAccounts, app
accounts = MemoryAccounts()
listener = listen("127.0.0.1", 0, accounts)
up = lambda: print(address_of(listener), flush=True)
together(lambda stop: serve(app(accounts=accounts), listener, stop, up))
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = process.stdout.readline().strip()
        with httpx.Client() as client:  # kept open: an idle connection must not delay the end
            assert client.get(f"{address}/livez").status_code == 200
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (0, "stopped\n", "")


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_within_another_program_it_leaves_signals_alone_and_frees_its_port(how):
    before = signal.getsignal(signal.SIGINT)
    listener, stop, started = listen("127.0.0.1", 0, MemoryAccounts()), asyncio.Event(), asyncio.Event()
    address, port = address_of(listener), listener.getsockname()[1]
    serving = asyncio.create_task(serve(app(), listener, stop, started.set))
    await asyncio.wait_for(started.wait(), 10)
    assert signal.getsignal(signal.SIGINT) is before
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{address}/livez")).status_code == 200
        if how == "stop":
            stop.set()
            await asyncio.wait_for(serving, 5)
        else:
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(serving, 5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)


def test_a_port_that_is_taken_is_said_so():
    with listen("127.0.0.1", 0, MemoryAccounts()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}.*choose another --port"):
            listen("127.0.0.1", port, MemoryAccounts())


def test_a_host_that_is_none_is_said_so():
    with pytest.raises(InputError, match="--host not a host"):
        listen("not a host", 0, MemoryAccounts())


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_network_is_not_let_in_while_no_account_exists(host):
    accounts = MemoryAccounts()
    with pytest.raises(InputError, match="oee user add NAME --role admin"):
        listen(host, 0, accounts)
    accounts.add("anna", Role.ADMIN)
    with listen("0.0.0.0", 0, accounts) as listener:
        assert address_of(listener).startswith("http://127.0.0.1:")
