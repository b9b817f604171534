"""Errors are problems (RFC 9457), whatever goes wrong, and tell nothing that is nobody's business."""

import httpx
import pytest

from oee.api.headers import MAX_BODY_BYTES, SECURITY_HEADERS
from oee.api.models import Problem
from oee.errors import DatabaseUnavailable
from oee.store.accounts import Role
from tests.api_fixture import MemoryAccounts, MemorySource, app, client


def assert_problem(response: httpx.Response, status: int, kind: str) -> Problem:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(response.json())
    assert (problem.status, problem.type) == (status, f"urn:oee:problem:{kind}")
    assert (
        SECURITY_HEADERS.items() <= {name: response.headers.get(name.lower(), "") for name in SECURITY_HEADERS}.items()
    )
    return problem


class Broken(MemorySource):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def state(self, line):
        raise self._error


async def test_unknown_addresses_and_methods():
    async with client(app()) as c:
        assert "/nowhere" in assert_problem(await c.get("/nowhere"), 404, "not-found").detail
        assert_problem(await c.get("/api/v1/lines/"), 404, "not-found")
        response = await c.delete("/api/v1/lines")
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET"


async def test_a_page_shows_its_error_as_a_page():
    async with client(app()) as c:
        response = await c.get("/lines/nowhere")
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "there is no line &lt;nowhere&gt;" in response.text


async def test_a_crash_shows_nothing_of_the_inside():
    async with client(app(Broken(RuntimeError("secret detail")))) as c:
        response = await c.get("/api/v1/lines/line-1/state")
    assert_problem(response, 500, "internal")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_the_database_away_is_503_with_a_time_to_retry_and_no_host_name():
    async with client(app(Broken(DatabaseUnavailable("connection to db.plant.local failed")))) as c:
        response = await c.get("/api/v1/lines/line-1/state")
    assert_problem(response, 503, "unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert "db.plant.local" not in response.text


async def test_the_database_away_at_the_gate_is_503_too():
    accounts = MemoryAccounts()

    def away() -> bool:
        raise DatabaseUnavailable("away")

    accounts.anybody = away
    async with client(app(accounts=accounts)) as c:
        assert_problem(await c.get("/api/v1/lines"), 503, "unavailable")
        assert (await c.get("/")).status_code == 503


@pytest.mark.parametrize("announced", [True, False])
async def test_bodies_over_the_limit_are_refused_announced_or_not(announced):
    accounts = MemoryAccounts()
    accounts.add("anna", Role.VIEWER)
    taken = 0

    async def body():
        nonlocal taken
        for _ in range(100):
            taken += 100_000
            yield b"x" * 100_000

    length = {"Content-Length": "10000000"} if announced else {}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **length}
    async with client(app(accounts=accounts)) as c:
        response = await c.post("/login", content=body(), headers=headers)
    assert_problem(response, 413, "too-large")
    assert taken <= MAX_BODY_BYTES + 200_000


async def test_every_answer_protects_its_reader_and_no_other_site_may_read_it():
    async with client(app()) as c:
        for address in ("/", "/login", "/docs", "/openapi.json", "/livez", "/api/v1/lines", "/nowhere"):
            response = await c.get(address, headers={"Origin": "http://evil.example"})
            assert SECURITY_HEADERS.items() <= {n: response.headers.get(n, "") for n in SECURITY_HEADERS}.items()
            assert not [name for name in response.headers if name.startswith("access-control")]
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
