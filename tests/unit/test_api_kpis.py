"""``GET /api/v1/kpis``: groups, ranges, paging, and figures that are the report's own."""

import httpx
import pytest

from oee.api.models import KpiPage
from oee.report.kpi import kpi_item
from tests.api_fixture import ZONE, MemorySource, app, client

RANGE = {"line": "line-1", "from": "2026-03-02T06:00:00+01:00", "to": "2026-03-05T06:00:00+01:00"}


async def ask(**changes: object) -> httpx.Response:
    parameters = {key: value for key, value in {**RANGE, **changes}.items() if value is not None}
    async with client(app()) as c:
        return await c.get("/api/v1/kpis", params=parameters)


async def items(**changes: object) -> list[dict]:
    response = await ask(**changes)
    assert response.status_code == 200, response.text
    return KpiPage.model_validate(response.json()).model_dump()["items"]


def assert_problem(response: httpx.Response, pointer: str, *words: str) -> None:
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert [e["pointer"] for e in body["errors"]] == [pointer]
    for word in words:
        assert word in body["detail"]


async def test_shift_items_are_those_of_the_one_view_and_off_time_is_none_of_them():
    found = await items(group_by="shift")
    expected = [
        kpi_item(r, ZONE) for r in MemorySource().shifts("line-1", 0, 2**60) if r.instance.name in ("early", "late")
    ]
    assert found == expected
    assert len(found) == 6
    assert found[0]["availability"] == 0.9
    assert found[0]["oee"] == pytest.approx(950 * 19 / 25200, rel=1e-15)
    assert found[0]["start"] == "2026-03-02T06:00:00+01:00"


async def test_day_holds_off_time_and_has_no_shift_name():
    found = await items(group_by="day")
    assert [i["production_date"] for i in found] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert {i["shift"] for i in found} == {None}
    assert {i["elements"]["calendar_s"] for i in found} == {86400.0}
    assert found[0]["loading"] == pytest.approx(2 * 25200 / 86400)


@pytest.mark.parametrize(("group", "first"), [("week", "2026-03-02"), ("month", "2026-03-02")])
async def test_s41_weeks_and_months_are_their_days_summed(group, first):
    """March began on a Sunday: the plant's first production day is the first of both."""
    (period,) = await items(group_by=group)
    days = await items(group_by="day")
    assert (period["shift"], period["production_date"], period["revision"]) == (None, first, 1)
    for name in ("calendar_s", "run_s", "total_count", "ideal_good_s"):
        assert period["elements"][name] == sum(d["elements"][name] for d in days)
    assert period["oee"] == pytest.approx(days[0]["oee"])


async def test_s41_a_week_that_began_before_the_range_is_none_of_it():
    assert await items(group_by="week", **{"from": "2026-03-03T06:00:00+01:00"}) == []


async def test_s40_only_counting_machines_have_work_in_process():
    (item,) = await items(group_by="none")
    assert item["elements"]["wip_count"] is None
    assert "work_in_process" not in item["losses"]


async def test_none_is_exactly_one_item_and_the_default():
    found = await items()
    assert len(found) == 1
    assert found == await items(group_by="none")
    assert found[0]["elements"]["total_count"] == 6000


async def test_hours_sum_to_their_shift():
    hours = await items(group_by="hour", to="2026-03-02T14:00:00+01:00")
    (shift,) = await items(group_by="shift", to="2026-03-02T14:00:00+01:00")
    assert len(hours) == 8
    for name in ("calendar_s", "run_s", "total_count", "good_count", "ideal_good_s"):
        assert sum(h["elements"][name] for h in hours) == shift["elements"][name]
    assert hours[0]["oee"] is None  # a break: nothing to divide by


async def test_a_machine_is_itself_and_an_empty_machine_is_the_line():
    assert {i["machine"] for i in await items(group_by="shift", machine="capper")} == {"capper"}
    assert {i["machine"] for i in await items(group_by="shift", machine="")} == {None}


@pytest.mark.parametrize("group", ["product", "order"])
async def test_groups_to_come_are_refused_by_name(group):
    assert_problem(await ask(group_by=group), "/query/group_by", f"group_by={group} is not there yet in this version")


async def test_an_unknown_group_is_told_the_known_ones():
    assert_problem(await ask(group_by="shfit"), "/query/group_by", "none, hour, shift, day, week, month")


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2026-03-02T06:00:00", "no offset"),
        ("2026-03-02", "timestamp such as"),
        ("2026-02-30T06:00:00Z", "no such day"),
        ("2026-03-02T06:00:60Z", "no such day or time"),
        ("1492-03-02T06:00:00Z", "year from 1970"),
        ("1772431200", "timestamp such as"),
        ("", "timestamp such as"),
    ],
)
async def test_instants_that_are_none_are_refused_with_the_mend(instant, words):
    assert_problem(await ask(**{"from": instant}), "/query/from", words)


@pytest.mark.parametrize(
    "instant",
    [
        "2026-03-02T05:00:00Z",
        "2026-03-02T06:00:00.000+01:00",
        "2026-03-02 06:00:00+01:00",
        "2026-03-01T23:00:00-06:00",
        "2026-03-02T06:00+01:00",
    ],
)
async def test_the_same_instant_in_any_offset_gives_the_same_answer(instant):
    assert await items(group_by="shift", **{"from": instant}) == await items(group_by="shift")


async def test_a_plus_that_became_a_space_is_understood():
    async with client(app()) as c:
        address = "/api/v1/kpis?line=line-1&from=2026-03-02T06:00:00+01:00&to=2026-03-02T14:00:00+01:00&group_by=shift"
        response = await c.get(address)
    assert [i["shift"] for i in response.json()["items"]] == ["early"]


async def test_an_empty_or_reversed_range_is_refused():
    for to in (RANGE["from"], "2026-03-01T06:00:00+01:00"):
        assert_problem(await ask(to=to), "/query/to", "later than from")


@pytest.mark.parametrize(
    ("group", "days", "to_taken", "to_refused"),
    [
        ("hour", 32, "2026-04-03T05:00:00Z", "2026-04-03T05:00:01Z"),
        ("shift", 400, "2027-04-06T05:00:00Z", "2027-04-06T05:00:01Z"),
        ("day", 400, "2027-04-06T05:00:00Z", "2027-04-06T05:00:01Z"),
        ("week", 400, "2027-04-06T05:00:00Z", "2027-04-06T05:00:01Z"),
        ("month", 400, "2027-04-06T05:00:00Z", "2027-04-06T05:00:01Z"),
        ("none", 400, "2027-04-06T05:00:00Z", "2027-04-06T05:00:01Z"),
    ],
)
async def test_ranges_end_at_a_limit_that_the_refusal_names(group, days, to_taken, to_refused):
    assert (await ask(group_by=group, to=to_taken)).status_code == 200
    assert_problem(await ask(group_by=group, to=to_refused), "/query/to", f"{days} days at most")


async def test_missing_and_mistyped_parameters_are_named():
    assert_problem(await ask(line=None), "/query/line", "line: is missing.")
    assert_problem(await ask(groupby="shift"), "/query/groupby", "is not a parameter")
    assert_problem(await ask(line="a\x00"), "/query/line", "no name has")
    assert_problem(await ask(limit=0), "/query/limit", "greater than or equal to 1")
    assert_problem(await ask(limit=1001), "/query/limit", "1000")


@pytest.mark.parametrize("wrong", [{"line": "line-9"}, {"machine": "boiler"}])
async def test_what_does_not_exist_is_404_and_says_what_does(wrong):
    response = await ask(**wrong)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:oee:problem:not-found"
    assert "there" in response.json()["detail"]


@pytest.mark.parametrize("group", ["hour", "shift", "day", "week", "month"])
@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
async def test_pages_joined_are_the_whole(group, limit):
    whole, joined, cursor = await items(group_by=group, limit=1000), [], None
    for _ in whole:
        body = (await ask(group_by=group, limit=limit, cursor=cursor)).json()
        assert len(body["items"]) <= limit
        joined += body["items"]
        cursor = body["next"]
        if cursor is None:
            break
    assert joined == whole


async def test_a_full_last_page_has_no_next():
    assert (await ask(group_by="shift", limit=6)).json()["next"] is None
    assert (await ask(group_by="shift", limit=5)).json()["next"] is not None


async def test_cursors_belong_to_their_query():
    cursor = (await ask(group_by="shift", limit=1)).json()["next"]
    assert_problem(await ask(group_by="shift", machine="filler", cursor=cursor), "/query/cursor", "another query")
    for forged in ("x", "%%%", "bnVsbA", "W10", "é"):
        assert_problem(await ask(group_by="shift", cursor=forged), "/query/cursor", "unchanged")


async def test_an_unchanged_answer_costs_a_304():
    async with client(app()) as c:
        first = await c.get("/api/v1/kpis", params=RANGE)
        etag = first.headers["etag"]
        assert etag.startswith('"')
        for known in (etag, f'"other", W/{etag}', "*"):
            again = await c.get("/api/v1/kpis", params=RANGE, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        other = await c.get("/api/v1/kpis", params=RANGE, headers={"If-None-Match": '"other"'})
        assert other.content == first.content
        shorter = await c.get("/api/v1/kpis", params={**RANGE, "to": "2026-03-03T06:00:00+01:00"})
        assert shorter.headers["etag"] != etag
