"""Stops of a range, and the feed of published revisions, over HTTP."""

import httpx
import pytest

from oee.api.models import Changes, Stops
from tests.api_fixture import app, client

DAY = {"line": "line-1", "from": "2026-03-02T06:00:00+01:00", "to": "2026-03-03T06:00:00+01:00"}


async def get(address: str, **params: object) -> httpx.Response:
    async with client(app()) as c:
        return await c.get(address, params={key: str(value) for key, value in params.items() if value is not None})


async def test_stops_say_whose_they_are_how_long_and_where_they_began():
    first, second = Stops.model_validate((await get("/api/v1/stops", **DAY)).json()).items
    assert (first.machine, first.end, first.open, first.counted) == ("filler", "2026-03-02T07:14:00+01:00", False, True)
    assert (first.length_s, first.in_window_s, first.reason) == (840.0, 840.0, "JAM")
    assert (first.production_date, first.shift) == ("2026-03-02", "early")
    assert (second.end, second.open, second.shift) == (None, True, None)
    assert first.id != second.id


async def test_a_stop_keeps_its_id_whatever_range_asks_for_it():
    whole = (await get("/api/v1/stops", **DAY)).json()["items"]
    part = (await get("/api/v1/stops", **{**DAY, "to": "2026-03-02T08:00:00+01:00"})).json()["items"]
    assert [s["id"] for s in part] == [whole[0]["id"]]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"to": "2026-05-02T06:00:00Z"}, "/query/to"), ({"from": "x"}, "/query/from"), ({"line": None}, "/query/line")],
)
async def test_stops_of_what_is_no_range_are_refused(changes, pointer):
    response = await get("/api/v1/stops", **{**DAY, **changes})
    assert response.status_code == 422
    assert [e["pointer"] for e in response.json()["errors"]] == [pointer]


async def test_the_feed_is_read_page_by_page_and_goes_on_later():
    whole = Changes.model_validate((await get("/api/v1/revisions", limit=1000)).json())
    assert (len(whole.items), whole.next) == (27, None)
    joined, cursor = [], None
    for _ in range(4):
        page = Changes.model_validate((await get("/api/v1/revisions", limit=7, cursor=cursor)).json())
        joined += page.items
        cursor = page.next
    assert (joined, cursor) == (whole.items, None)
    later = Changes.model_validate((await get("/api/v1/revisions", cursor=whole.resume)).json())
    assert (later.items, later.next, later.resume) == ([], None, whole.resume)


async def test_the_feed_takes_an_instant_and_a_line():
    since = "2026-03-05T06:00:00+01:00"
    items = (await get("/api/v1/revisions", since=since, line="line-1")).json()["items"]
    assert {i["computed"] for i in items} == {since}
    assert (await get("/api/v1/revisions", line="line-9")).status_code == 404
    assert (await get("/api/v1/revisions", since="yesterday")).status_code == 422
    assert (await get("/api/v1/revisions", limit=1001)).status_code == 422
    other = (await get("/api/v1/revisions", limit=1)).json()["next"]
    assert (await get("/api/v1/revisions", line="line-1", cursor=other)).status_code == 422
