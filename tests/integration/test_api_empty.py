"""Before the first plant file, and before the first sample: every address has an answer, none fails."""

from __future__ import annotations

import pytest
from api_addresses import address_of, addresses
from api_plant import DAY, PLANT, local
from main_job import module_database, served

from oee.api import events
from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.master import Master

RANGE = {"from": local("06:00"), "to": local("14:00")}
LINES = ("pressing", "pool", "silent", "idle")


@pytest.fixture(scope="module", autouse=True)
def _short_streams():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(events, "STREAM_S", 0.05)
        yield


@pytest.fixture(scope="module")
def empty(server, template):
    """A migrated database, and nothing else."""
    with module_database(server, template) as conninfo, served(conninfo) as client:
        yield client


@pytest.fixture(scope="module", params=["applied", "computed"])
def silent(server, template, request):
    """A plant that was applied, and has no data."""
    with module_database(server, template) as conninfo, Database(conninfo) as db:
        Master(db).apply(PLANT, None, clock_us())
        if request.param == "computed":
            ComputeService(db, clock_us).recompute()
        with served(conninfo) as client:
            yield client


def _answers(client):
    for template, in_path, in_query in addresses(client.get("/openapi.json").json()):
        address = address_of(template, in_path, in_query, {})
        yield address, client.get(address, follow_redirects=False)


def test_without_a_plant_every_address_answers_with_a_sentence(empty):
    for address, answer in _answers(empty):
        assert answer.status_code < 500 or answer.status_code == 501, (address, answer.text)
        if answer.status_code >= 400:
            said = answer.text if answer.headers["content-type"].startswith("text/html") else answer.json()["detail"]
            assert "apply" in said or answer.status_code == 501, (address, said)


def test_without_data_every_address_answers(silent):
    for address, answer in _answers(silent):
        assert answer.status_code < 500 or answer.status_code == 501, (address, answer.text)


@pytest.mark.parametrize("line", LINES)
def test_a_line_without_data_is_in_no_data_or_off(silent, line):
    state = silent.get(f"/api/v1/lines/{line}/state").json()
    assert state["category"] in ("no_data", "not_scheduled", "excluded")
    assert state["alive"] is None
    assert {m["alive"] for m in state["machines"]} == {None}
    items = silent.get(f"/api/v1/lines/{line}/intervals", params=RANGE).json()["items"]
    assert {i["category"] for i in items} <= {"no_data", "not_scheduled", "excluded"}
    for machine in state["machines"]:
        query = {**RANGE, "machine": machine["machine"]}
        answer = silent.get(f"/api/v1/lines/{line}/intervals", params=query)
        assert answer.status_code == 200
        assert {i["machine"] for i in answer.json()["items"]} <= {machine["machine"]}


@pytest.mark.parametrize("group", ["none", "hour", "shift", "day", "week", "month", "product", "order"])
@pytest.mark.parametrize("line", LINES)
def test_figures_without_data_are_null_not_zero(silent, line, group):
    answer = silent.get("/api/v1/kpis", params={"line": line, **RANGE, "group_by": group})
    assert answer.status_code == 200, answer.text
    for item in answer.json()["items"]:
        assert (item["availability"], item["performance"], item["quality"], item["oee"]) == (None,) * 4
        assert item["elements"]["run_s"] == 0


def test_a_line_that_is_none_says_which_there_are(silent):
    for path in ("state", "intervals", "health", f"shifts/{DAY}/early/report"):
        answer = silent.get(f"/api/v1/lines/nowhere/{path}", params=RANGE if path == "intervals" else {})
        assert answer.status_code == 404
        assert "pressing" in answer.json()["detail"]
