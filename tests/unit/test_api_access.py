"""Who may do what: every route × (nobody, each role), and the ways in and around."""

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from oee.api.access import ApiAccess, OperatorAccess, PageAccess, local_path, public
from oee.api.events import end_streams
from oee.store.accounts import Role
from tests.api_fixture import MemoryAccounts, app, client

EVERYBODY = (None, *Role)
VALUES = (
    {"line": "line-1", "production_date": "2026-03-02", "shift": "early", "calendar": "default"}
    | dict.fromkeys(("stop", "product", "order"), "1")
    | {"kpi": "line-1.line.2026-03-02.early.1"}
)
QUERIES = {
    "/api/v1/kpis": "?line=line-1&from=2026-03-02T05:00:00Z&to=2026-03-03T05:00:00Z",
    "/api/v1/shifts": "?line=line-1&from=2026-03-02T05:00:00Z&to=2026-03-03T05:00:00Z",
    "/api/v1/stops": "?line=line-1&from=2026-03-02T05:00:00Z&to=2026-03-03T05:00:00Z",
    "/api/v1/lines/{line}/intervals": "?from=2026-03-02T05:00:00Z&to=2026-03-03T05:00:00Z",
}


def policies(route: RouteContext) -> list[object]:
    dependencies = route.dependant.dependencies
    return [d.call for d in dependencies if d.call is public or isinstance(d.call, ApiAccess)]


def all_routes(application: FastAPI) -> list[RouteContext]:
    return list(iter_route_contexts(application.routes))


def everyone() -> MemoryAccounts:
    accounts = MemoryAccounts()
    for role in Role:
        accounts.add_key(f"key-{role}", role)
    return accounts


def expected(policy: object, role: Role | None) -> set[int]:
    """The statuses that a policy allows for: 422 and 429 come from behind the gate."""
    inside = {200, 303, 422, 401} if policy is public else {200, 501}
    if policy is public or (role is not None and role in policy.roles):
        return inside
    if role is None:
        return {303} if isinstance(policy, PageAccess) else {401}
    return {403}


def test_every_route_has_exactly_one_policy():
    routes = all_routes(app())
    assert len(routes) > 15
    assert [r.path for r in routes if len(policies(r)) != 1] == []


@pytest.mark.parametrize("role", EVERYBODY)
async def test_every_route_keeps_its_policy(role):
    application = app(accounts=everyone())
    end_streams(application)
    headers = {} if role is None else {"Authorization": f"Bearer key-{role}"}
    async with client(application, peer="192.0.2.7") as c:
        for route in all_routes(application):
            (policy,) = policies(route)
            address = str(route.path).replace(":path", "").format(**VALUES) + QUERIES.get(str(route.path), "")
            for method in route.methods or ():
                response = await c.request(method, address, headers=headers)
                assert response.status_code in expected(policy, role), (method, address, role, response.text)
                if isinstance(policy, PageAccess) and role is None:
                    assert response.headers["location"].startswith("/login?next=/")


def restricted_app(accounts: MemoryAccounts) -> FastAPI:
    application = app(accounts=accounts)
    router = APIRouter()
    policy = ApiAccess(frozenset({Role.ENGINEER, Role.ADMIN}), "write")

    @router.post("/change", dependencies=[Depends(policy)])
    def change() -> None: ...

    application.include_router(router)
    return application


@pytest.mark.parametrize("role", Role)
async def test_roles_that_a_route_does_not_name_are_refused(role):
    async with client(restricted_app(everyone())) as c:
        response = await c.post("/change", headers={"Authorization": f"Bearer key-{role}"})
    assert response.status_code == (200 if role in (Role.ENGINEER, Role.ADMIN) else 403)


async def test_scopes_narrow_the_role_of_a_key():
    accounts = MemoryAccounts()
    accounts.add_key("reads", Role.ADMIN, "read")
    accounts.add_key("writes", Role.ADMIN, "write")
    async with client(restricted_app(accounts)) as c:
        for key, may_read, may_write in (("reads", 200, 403), ("writes", 403, 200)):
            headers = {"Authorization": f"Bearer {key}"}
            assert (await c.get("/api/v1/lines", headers=headers)).status_code == may_read
            assert (await c.post("/change", headers=headers)).status_code == may_write


@pytest.mark.parametrize(
    ("peer", "host", "headers", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", {}, 200),
        ("127.0.0.1", "localhost:8000", {}, 200),
        ("::1", "[::1]:8000", {}, 200),
        ("192.0.2.7", "127.0.0.1:8000", {}, 401),
        ("127.0.0.1", "127.0.0.1:8000", {"X-Forwarded-For": "192.0.2.7"}, 401),
        ("127.0.0.1", "127.0.0.1:8000", {"Forwarded": "for=192.0.2.7"}, 401),
        ("127.0.0.1", "evil.example", {}, 401),
        ("127.0.0.1", "127.0.0.1.evil.example", {}, 401),
        ("not an address", "localhost", {}, 401),
    ],
)
async def test_without_accounts_only_this_machine_asking_for_itself_is_let_in(peer, host, headers, status):
    async with client(app(), peer=peer, host=host) as c:
        response = await c.get("/api/v1/lines", headers=headers)
        assert response.status_code == status
        assert (await c.get("/", headers=headers)).status_code == (200 if status == 200 else 303)
    if status == 401:
        assert "oee user add" in response.json()["detail"]


@pytest.mark.parametrize("make", [lambda a: a.add("anna", Role.VIEWER), lambda a: a.add_key("k", Role.VIEWER)])
async def test_the_first_account_or_key_closes_the_door_at_once(make):
    accounts = MemoryAccounts()
    async with client(app(accounts=accounts)) as c:
        assert (await c.get("/api/v1/lines")).status_code == 200
        make(accounts)
        response = await c.get("/api/v1/lines")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="oee"'
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer", "Basic key-viewer", "key-viewer", ""])
async def test_a_wrong_key_is_401_even_beside_a_good_session(authorization):
    accounts = everyone()
    accounts.add("anna", Role.VIEWER)
    cookie = {"Cookie": f"oee_session={accounts.new_session('anna')}"}
    async with client(app(accounts=accounts)) as c:
        assert (await c.get("/api/v1/lines", headers=cookie)).status_code == 200
        response = await c.get("/api/v1/lines", headers={**cookie, "Authorization": authorization})
    assert response.status_code == 401
    assert "invalid_token" in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://behind-a-proxy"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"}, 403),
    ],
)
@pytest.mark.parametrize("logged_in", [True, False])
async def test_changes_that_another_site_asks_for_are_refused(headers, status, logged_in):
    accounts = MemoryAccounts()
    if logged_in:
        accounts.add("anna", Role.ADMIN)
        headers = {**headers, "Cookie": f"oee_session={accounts.new_session('anna')}"}
    async with client(restricted_app(accounts)) as c:
        assert (await c.post("/change", headers=headers)).status_code == status
        assert (await c.get("/api/v1/lines", headers=headers)).status_code == 200


async def test_metrics_are_free_on_this_machine_and_need_a_key_from_elsewhere():
    application = app(accounts=everyone())
    async with client(application) as here, client(application, peer="192.0.2.7") as there:
        assert (await here.get("/metrics")).status_code == 200
        assert (await there.get("/metrics")).status_code == 401
        assert (await there.get("/metrics", headers={"Authorization": "Bearer key-viewer"})).status_code == 200
    assert any(isinstance(p, OperatorAccess) for r in all_routes(application) for p in policies(r))


async def test_a_page_comes_back_to_itself_after_log_in():
    accounts = everyone()
    async with client(app(accounts=accounts)) as c:
        response: httpx.Response = await c.get("/lines/line 1?day=2026-03-02&shift=a%26b")
    assert response.status_code == 303
    assert response.headers["location"] == "/login?next=/lines/line%25201%3Fday%3D2026-03-02%26shift%3Da%2526b"


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "javascript:alert(1)", "/a\\b", "/a\nb"],
)
def test_log_in_leads_nowhere_else(path):
    assert local_path(path) == "/"


def test_log_in_leads_back_to_local_pages():
    assert local_path("/lines/line-1?shift=early&x=//y") == "/lines/line-1?shift=early&x=//y"
