"""Log-in: the cookie, its rotation, and what slows guessing down."""

import re
from http.cookies import SimpleCookie

import pytest

from oee.api.throttle import FORGET_S, FREE_FAILURES, MAX_KEYS, MAX_WAIT_S, Throttle
from oee.store.accounts import Role
from tests.api_fixture import MemoryAccounts, app, client

GOOD = {"name": "anna", "password": "correct horse", "next": "/lines/line-1"}


@pytest.fixture
def accounts() -> MemoryAccounts:
    accounts = MemoryAccounts()
    accounts.add("anna", Role.SUPERVISOR)
    return accounts


async def test_log_in_opens_pages_and_api_and_log_out_closes_them(accounts):
    async with client(app(accounts=accounts)) as c:
        response = await c.post("/login", data=GOOD)
        assert (response.status_code, response.headers["location"]) == (303, "/lines/line-1")
        assert (await c.get("/lines/line-1")).status_code == 200
        assert (await c.get("/api/v1/lines")).status_code == 200
        response = await c.post("/logout")
        assert (response.status_code, response.headers["location"]) == (303, "/login")
        assert accounts.sessions == {}
        assert (await c.get("/api/v1/lines")).status_code == 401


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_for_this_site_alone(accounts, scheme):
    async with client(app(accounts=accounts), scheme=scheme) as c:
        response = await c.post("/login", data=GOOD)
    cookie = SimpleCookie(response.headers["set-cookie"])["oee_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "lax"
    assert cookie["path"] == "/"
    assert bool(cookie["secure"]) == (scheme == "https")


async def test_log_in_never_keeps_the_session_that_the_browser_came_with(accounts):
    planted = accounts.new_session("anna")
    async with client(app(accounts=accounts)) as c:
        await c.post("/login", data=GOOD, headers={"Cookie": f"oee_session={planted}"})
    assert planted not in accounts.sessions
    assert list(accounts.sessions.values()) == ["anna"]


async def test_unknown_names_and_wrong_passwords_look_alike(accounts):
    async with client(app(accounts=accounts)) as c:
        known = await c.post("/login", data={**GOOD, "password": "wrong"})
        unknown = await c.post("/login", data={**GOOD, "name": "nobody"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert known.status_code == 401
    assert "set-cookie" not in known.headers


async def test_log_in_never_leads_to_another_site(accounts):
    async with client(app(accounts=accounts)) as c:
        response = await c.post("/login", data={**GOOD, "next": "//evil.example"})
        assert response.headers["location"] == "/"
        assert "evil" not in (await c.get("/login?next=//evil.example")).text


async def test_log_in_from_another_site_is_refused(accounts):
    async with client(app(accounts=accounts)) as c:
        response = await c.post("/login", data=GOOD, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert accounts.sessions == {}


async def test_guessing_has_to_wait_and_the_right_password_too(accounts):
    async with client(app(accounts=accounts)) as c:
        for _ in range(FREE_FAILURES):
            assert (await c.post("/login", data={**GOOD, "password": "wrong"})).status_code == 401
        response = await c.post("/login", data=GOOD)
    assert response.status_code == 429
    assert re.fullmatch("[1-9][0-9]*", response.headers["retry-after"])


async def test_guessing_at_many_names_from_one_address_has_to_wait(accounts):
    async with client(app(accounts=accounts)) as c:
        for n in range(FREE_FAILURES):
            assert (await c.post("/login", data={**GOOD, "name": f"name-{n}"})).status_code == 401
        assert (await c.post("/login", data=GOOD)).status_code == 429


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_waits_double_up_to_a_limit_and_are_forgotten():
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(FREE_FAILURES):
        assert throttle.attempt("anna") == 0
    waits = []
    for _ in range(12):
        wait_s = throttle.attempt("anna")
        waits.append(wait_s)
        clock.now_s += wait_s
        assert throttle.attempt("anna") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, MAX_WAIT_S, MAX_WAIT_S, MAX_WAIT_S]
    clock.now_s += FORGET_S
    assert throttle.attempt("anna") == 0
    assert throttle.attempt("anna") == 0


def test_success_clears_the_name_but_only_its_own_attempt_of_the_address():
    throttle = Throttle(Clock())
    for _ in range(FREE_FAILURES - 1):
        throttle.attempt("anna", "address")
    throttle.attempt("mine", "address")
    throttle.succeed(clear="mine", undo="address")
    assert throttle.attempt("victim", "address") == 0
    assert throttle.attempt("victim", "address") > 0


def test_made_up_names_fill_no_memory():
    throttle = Throttle(Clock())
    for n in range(MAX_KEYS + 10):
        throttle.attempt(f"name {n}")
    assert len(throttle._failures) == MAX_KEYS
