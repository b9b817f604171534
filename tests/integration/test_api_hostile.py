"""Hostile values in every parameter of every address: each is refused or answered, none makes the service fail."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, unquote_to_bytes

import httpx
import pytest
from api_addresses import address_of, addresses
from api_plant import DAY, local, plant_database
from main_job import module_database, served

from oee.api import events, not_yet, throttle
from oee.api.params import decode_cursor, encode_cursor
from oee.store.accounts import Accounts, Role
from oee.store.database import Database

HOSTILE = (
    "",
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%25%73",
    "-1",
    "1e400",
    "2147483648",
    "99999999999",
    "0001-01-01",
    "9999-12-31",
    "2026-W10-1",
    quote("0001-01-01T00:00:00+14:00"),
    quote("9999-12-31T23:59:59-14:00"),
    "1970-01-01T00:00:00Z",
    "2199-12-31T23:59:59Z",
    "x" * 10_000,
)
"""As they stand in an address, percent-encoded."""
NOT_YET = {f"/api/v1{entry.path}" for entry in not_yet.NOT_YET}


@pytest.fixture(scope="module")
def api(server, template, tmp_path_factory):
    with (
        plant_database(server, template, tmp_path_factory.mktemp("hostile")) as conninfo,
        served(conninfo) as client,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(events, "STREAM_S", 0.05)
        yield client


@pytest.fixture(scope="module")
def guarded(server, template):
    """A service to which only those come in who have an account or a key."""
    with module_database(server, template) as conninfo, Database(conninfo) as db:
        Accounts(db).add_user("anna", Role.VIEWER, "correct horse battery")
        with served(conninfo) as client, pytest.MonkeyPatch.context() as patched:
            patched.setattr(throttle, "FREE_FAILURES", 1000)
            yield client


def test_no_value_of_any_parameter_makes_the_service_fail(api):
    known = addresses(api.get("/openapi.json").json())
    assert {path for path, _, _ in known} > {"/api/v1/kpis", "/api/v1/events", "/lines/{line}", "/reports"}
    failed = []
    for template, in_path, in_query in known:
        if template in NOT_YET:
            continue
        whole = address_of(template, in_path, in_query, {})
        assert api.get(whole).status_code < 500, whole
        for name in (*in_path, *in_query):
            values = HOSTILE[::4] if template.endswith("/events") else HOSTILE
            for value in values:
                answer = api.get(address_of(template, in_path, in_query, {name: value}))
                if answer.status_code >= 500:
                    failed.append((template, name, value[:40], answer.status_code))
    assert failed == []


@pytest.mark.parametrize("value", ["-1", "0", str(2**31), "99999999999", "9" * 30])
@pytest.mark.parametrize(
    "path", [f"/lines/pressing/shifts/{DAY}/early", f"/api/v1/lines/pressing/shifts/{DAY}/early/report"]
)
def test_a_revision_that_can_be_none_is_refused_as_the_askers_mistake(api, path, value):
    answer = api.get(path, params={"revision": value})
    assert answer.status_code in (404, 422)
    assert answer.text.count("revision") >= 1


@pytest.mark.parametrize("last_id", ["0", "-5", "1" * 18, "9" * 18, "9" * 5000, "x", "1.5", "\xff", "1\t2"])
def test_any_last_event_id_gets_a_stream_that_ends_as_every_stream(api, last_id):
    headers = httpx.Headers([(b"Last-Event-ID", last_id.encode("latin-1"))])
    answer = api.get("/api/v1/events", headers=headers)  # a crash on the way would cut the answer off, an error here
    assert answer.status_code == 200
    assert answer.text.startswith("retry: ")


def _forged(*content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


CURSORS = (
    "[" * 700,
    _forged(float("inf"), "", "", ""),
    _forged(1.5, "", "", ""),
    _forged(True, "", "", ""),
    _forged(10**400, "", "", ""),
    _forged(None, [], {}, ""),
    _forged("1", "", "", ""),
    base64.urlsafe_b64encode(b"[" * 600).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    "%%%",
)


@pytest.mark.parametrize("cursor", CURSORS, ids=range(len(CURSORS)))
@pytest.mark.parametrize("path", ["/api/v1/revisions", "/api/v1/kpis"])
def test_a_forged_cursor_is_refused_with_the_mend(api, path, cursor):
    query = {} if path.endswith("revisions") else {"line": "pressing", "from": local("06:00"), "to": local("14:00")}
    answer = api.get(path, params={**query, "cursor": cursor})
    assert answer.status_code == 422
    assert "the page before" in answer.text or "1000 characters" in answer.text


@pytest.mark.parametrize("number", [-(2**63) + 1, 2**63 - 1])
def test_a_cursor_with_a_true_fingerprint_and_an_odd_place_gives_no_failure(api, number):
    cursor = encode_cursor((number, "\ud800", "\x00"), ("revisions", None, None))
    assert decode_cursor(cursor, ("revisions", None, None))[0] == number
    assert api.get("/api/v1/revisions", params={"cursor": cursor}).status_code == 200
    query = {"line": "pressing", "from": local("06:00"), "to": local("14:00"), "group_by": "hour"}
    page = api.get("/api/v1/kpis", params={**query, "limit": 1}).json()["next"]
    *_, fingerprint = json.loads(base64.urlsafe_b64decode(page + "=" * (-len(page) % 4)))
    odd = _forged(number, "", "", fingerprint)
    assert api.get("/api/v1/kpis", params={**query, "cursor": odd}).status_code == 422


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_log_in_and_no_key_makes_the_service_fail(guarded, value):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = guarded.post("/login", content=f"name={value}&password={value}&next={value}", headers=form)
    assert answer.status_code < 500
    raw = unquote_to_bytes(value).replace(b"\0", b"\x01")
    for header, told in ((b"Authorization", b"Bearer x" + raw), (b"Cookie", b"oee_session=" + raw)):
        answer = guarded.get("/api/v1/lines", headers=httpx.Headers([(header, told)]))
        assert answer.status_code in (400, 401)
