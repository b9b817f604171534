"""Documentation, health and metrics."""

import re

from oee.api.kpis import GROUPS
from oee.errors import DatabaseUnavailable
from tests.api_fixture import Health, app, client


async def test_openapi_is_31_and_every_reference_leads_somewhere():
    async with client(app()) as c:
        document = (await c.get("/openapi.json")).json()
        text = (await c.get("/openapi.json")).text
    assert document["openapi"] == "3.1.0"
    schemas = document["components"]["schemas"]
    assert set(re.findall('"#/components/schemas/([^"]+)"', text)) <= set(schemas)
    assert "HTTPValidationError" not in schemas
    parameters = {p["name"]: p for p in document["paths"]["/api/v1/kpis"]["get"]["parameters"]}
    assert set(parameters) == {"line", "machine", "from", "to", "group_by", "limit", "cursor"}
    assert parameters["from"]["schema"]["format"] == "date-time"
    assert parameters["from"]["required"]
    assert parameters["group_by"]["schema"]["enum"] == list(GROUPS)
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                assert status in ("200", "304") or list(response["content"]) == ["application/problem+json"]


async def test_the_documentation_page_needs_nothing_from_elsewhere_and_no_inline_code():
    async with client(app()) as c:
        document = (await c.get("/openapi.json")).json()
        response = await c.get("/docs")
        style = await c.get("/docs/docs.css")
    page = response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in page
    for name in document["components"]["schemas"]:
        assert f'<section id="{name}">' in page
    assert set(re.findall(r'(?:src|href)="([^"#]+)"', page)) == {"/docs/docs.css", "/openapi.json"}
    assert not re.search(r"<script|<style|style=|\bon\w+=", page)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


async def test_alive_and_ready_are_different_questions():
    health = Health()
    async with client(app(health=health), peer="192.0.2.7") as c:
        assert (await c.get("/readyz")).status_code == 200
        health.why = "the database can't be reached"
        not_ready = await c.get("/readyz")
        assert (await c.get("/livez")).status_code == 200
    assert not_ready.status_code == 503
    assert int(not_ready.headers["retry-after"]) > 0
    assert not_ready.json()["detail"] == health.why


async def test_silent_devices_never_fail_readiness():
    async with client(app(health=Health(ages={"line-1": 1e9, "line-2": None}))) as c:
        assert (await c.get("/readyz")).status_code == 200


async def test_metrics_tell_requests_by_route_and_the_health_of_the_data():
    async with client(app()) as c:
        await c.get("/api/v1/lines/line-1/state")
        await c.get("/api/v1/lines/line-9/state")
        for n in range(5):
            await c.get(f"/nowhere/{n}")
        await c.request("SPAM", "/livez")
        text = (await c.get("/metrics")).text
    state = 'method="GET",route="/api/v1/lines/{line}/state"'
    assert f'oee_http_requests_total{{{state},status="200"}} 1.0' in text
    assert f'oee_http_requests_total{{{state},status="404"}} 1.0' in text
    assert f"oee_http_request_seconds_count{{{state}}} 2.0" in text
    assert 'oee_http_requests_total{method="GET",route="unmatched",status="404"} 5.0' in text
    assert "SPAM" not in text
    assert 'oee_data_age_seconds{line="line-1"} 1.5' in text
    assert 'line="line-2"' not in text
    assert "oee_ledger_backlog 7.0" in text
    assert "oee_ready 1.0" in text


async def test_metrics_come_without_the_database():
    class Away(Health):
        def not_ready(self):
            raise DatabaseUnavailable("away")

    async with client(app(health=Away())) as c:
        response = await c.get("/metrics")
        readiness = await c.get("/readyz")
    assert response.status_code == 200
    assert "oee_ready 0.0" in response.text
    assert "oee_data_age_seconds{" not in response.text
    assert readiness.status_code == 503
