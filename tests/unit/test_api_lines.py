"""Lines, states, intervals, shifts, reports and revisions over HTTP."""

from itertools import pairwise

import pytest

from oee.api.models import Intervals, Line, Lines, LineState, Revisions, Shifts
from tests.api_fixture import app, client

DAY = {"from": "2026-03-02T06:00:00+01:00", "to": "2026-03-03T06:00:00+01:00"}
REPORT = "/api/v1/lines/line-1/shifts/2026-03-02/early/report"


async def get(address: str, headers: dict[str, str] | None = None, **params: str):
    async with client(app()) as c:
        return await c.get(address, params=params, headers=headers)


async def test_lines_say_what_they_are():
    (line,) = Lines.model_validate((await get("/api/v1/lines")).json()).items
    assert (line.id, line.name, line.method, line.constraint) == ("line-1", "Bottling 1", "constraint", "filler")
    assert [m.id for m in line.machines] == ["filler", "capper"]
    assert line.targets.oee == 0.75
    assert Line.model_validate((await get("/api/v1/lines/line-1")).json()) == line


@pytest.mark.parametrize("path", ["", "/state", "/intervals?from=2026-03-02T05:00:00Z&to=2026-03-02T06:00:00Z"])
async def test_an_unknown_line_is_404(path):
    response = (
        await get(f"/api/v1/lines/line-9{path}") if "?" not in path else await get_raw(f"/api/v1/lines/line-9{path}")
    )
    assert response.status_code == 404
    assert "line-1" in response.json()["detail"]


async def get_raw(address: str):
    async with client(app()) as c:
        return await c.get(address)


async def test_state_says_since_when_and_when_last_alive():
    state = LineState.model_validate((await get("/api/v1/lines/line-1/state")).json())
    assert (state.category, state.since, state.alive) == (
        "run",
        "2026-03-02T06:00:00+01:00",
        "2026-03-02T06:00:00.000001+01:00",
    )
    assert [(m.machine, m.alive is None) for m in state.machines] == [("filler", False), ("capper", True)]


async def test_intervals_tile_the_day():
    found = Intervals.model_validate((await get("/api/v1/lines/line-1/intervals", **DAY)).json()).items
    assert (found[0].start, found[-1].end) == (DAY["from"], DAY["to"])
    assert all(a.end == b.start for a, b in pairwise(found))
    assert {i.machine for i in found} == {None}
    of_machine = (await get("/api/v1/lines/line-1/intervals", **DAY, machine="capper")).json()["items"]
    assert {i["machine"] for i in of_machine} == {"capper"}


async def test_intervals_and_shifts_have_limits():
    for address, to in (
        ("/api/v1/lines/line-1/intervals", "2026-04-04T00:00:00Z"),
        ("/api/v1/shifts?line=line-1", "2027-05-01T00:00:00Z"),
    ):
        separator = "&" if "?" in address else "?"
        response = await get_raw(f"{address}{separator}from=2026-03-02T05:00:00Z&to={to}")
        assert response.status_code == 422
        assert "days at most" in response.json()["detail"]


async def test_shifts_are_the_named_ones():
    found = Shifts.model_validate((await get("/api/v1/shifts", line="line-1", **DAY)).json()).items
    assert [s.shift for s in found] == ["early", "late"]
    assert (found[0].start, found[0].end, found[0].length_s) == (
        "2026-03-02T06:00:00+01:00",
        "2026-03-02T14:00:00+01:00",
        28800.0,
    )
    assert [b.name for b in found[0].breaks] == ["Break"]


@pytest.mark.parametrize(
    ("accept", "query", "media_type"),
    [
        ("*/*", {}, "application/json"),
        ("application/json", {}, "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", {}, "text/html; charset=utf-8"),
        ("text/html;q=0.2, application/json;q=0.1", {}, "text/html; charset=utf-8"),
        ("application/json;q=0, */*", {}, "text/html; charset=utf-8"),
        ("text/*", {}, "text/html; charset=utf-8"),
        ("text/html", {"format": "json"}, "application/json"),
        ("application/pdf", {"format": "html"}, "text/html; charset=utf-8"),
    ],
)
async def test_the_report_comes_as_asked(accept, query, media_type):
    response = await get(REPORT, {"Accept": accept}, **query)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert "line-1.line.2026-03-02.early.1" in response.text


async def test_formats_that_are_not_there_are_refused_with_those_that_are():
    by_accept = await get(REPORT, {"Accept": "application/pdf"})
    by_name = await get(REPORT, format="pdf")
    assert (by_accept.status_code, by_name.status_code) == (501, 501)
    odd = await get(REPORT, {"Accept": "image/png"}), await get(REPORT, format="docx")
    assert [response.status_code for response in odd] == [406, 422]
    preferred = await get(REPORT, {"Accept": "application/pdf, text/html;q=0.5"})
    assert preferred.status_code == 200, "one of those asked for is there"
    for response in (by_accept, by_name, *odd):
        assert "json, html" in response.json()["detail"]
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_report_unchanged_is_304():
    first = await get(REPORT)
    assert (await get(REPORT, {"If-None-Match": first.headers["etag"]})).status_code == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("2026-03-02/night/report", 404),
        ("2027-03-02/early/report", 404),
        ("2026-02-30/early/report", 422),
        ("yesterday/early/report", 422),
        ("2026-03-02/early/report?revision=2", 404),
        ("2026-03-02/early/report?revision=0", 422),
        ("2026-03-02/early/report?machine=boiler", 404),
        ("2026-03-02/early/report?machine=filler", 200),
    ],
)
async def test_reports_of_what_is_not_there(path, status):
    assert (await get_raw(f"/api/v1/lines/line-1/shifts/{path}")).status_code == status


async def test_revisions_say_when_and_why():
    response = await get("/api/v1/lines/line-1/shifts/2026-03-02/early/revisions")
    (revision,) = Revisions.model_validate(response.json()).items
    assert (revision.revision, revision.cause, revision.computed) == (1, "shift closed", "2026-03-02T14:00:00+01:00")
