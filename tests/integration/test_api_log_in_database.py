"""The gate over real sockets and a real database: open on this machine until somebody exists, then closed."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import psycopg
import pytest

from oee.api.serve import address_of, listen, serve
from oee.errors import InputError
from oee.store.accounts import Accounts
from oee.store.database import Database
from tests.api_fixture import app


@pytest.fixture
def accounts(database: str) -> Iterator[Accounts]:
    with Database(database) as db:
        yield Accounts(db)


@pytest.fixture
async def served(accounts: Accounts) -> AsyncIterator[httpx.AsyncClient]:
    listener, stop, started = listen("127.0.0.1", 0, accounts), asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(app(accounts=accounts), listener, stop, started.set))
    await asyncio.wait_for(started.wait(), 10)
    async with httpx.AsyncClient(base_url=address_of(listener)) as client:
        yield client
    stop.set()
    await asyncio.wait_for(serving, 10)


async def test_from_open_to_key_to_session(served, accounts, database):
    assert (await served.get("/api/v1/lines")).status_code == 200
    accounts.add_user("anna", "supervisor", "correct horse")
    assert (await served.get("/api/v1/lines")).status_code == 401
    key = accounts.add_key("mes", "mes")
    by_key = await served.get("/api/v1/lines", headers={"Authorization": f"Bearer {key}"})
    assert by_key.status_code == 200

    page = await served.get("/")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/")
    form = {"name": "anna", "password": "correct horse", "next": "/"}
    assert (await served.post("/login", data={**form, "password": "wrong"})).status_code == 401
    assert (await served.post("/login", data=form)).headers["location"] == "/"
    assert (await served.get("/")).status_code == 200
    assert (await served.get("/api/v1/lines")).content == by_key.content

    with psycopg.connect(database) as connection:
        connection.execute("UPDATE account SET disabled_at = now()")
    assert (await served.get("/api/v1/lines")).status_code == 401


def test_the_network_is_let_in_only_once_somebody_exists(accounts):
    for host in ("0.0.0.0", "::"):
        with pytest.raises(InputError, match="oee user add NAME --role"):
            listen(host, 0, accounts)
    accounts.add_key("mes", "mes")
    listen("0.0.0.0", 0, accounts).close()
