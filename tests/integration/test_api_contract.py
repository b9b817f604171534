"""Every field of the interface's figures, by type, on shifts that were imported; ranges and ETags of what is read."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from api_plant import DAY, local, next_day, plant_database
from main_job import served

NUMBER = (int, float)
RATIOS = (
    *("availability", "performance", "quality", "oee", "loading", "teep", "ooe", "nee"),
    *("coverage", "availability_min", "availability_max", "piece_quality"),
)
TIMES = (
    *("calendar_s", "not_scheduled_s", "excluded_s", "planned_busy_s", "no_data_s", "planned_stop_s"),
    *("unplanned_stop_s", "external_stop_s", "small_stop_s", "run_s", "actual_production_s", "setup_s"),
    "closed_stop_s",
)
IDEALS = ("ideal_total_s", "ideal_good_s")
COUNTS = (
    *("total_count", "good_count", "reject_count", "rework_count", "unscheduled_count"),
    *("stop_count", "closed_stop_count"),
)
TEXTS = ("id", "line", "status", "method", "definition")
TEXTS_OR_NULL = ("machine", "shift", "production_date", "product", "order")
GROUPS = ("none", "hour", "shift", "day", "week", "month", "product", "order")
MORNING = {"from": local("06:00"), "to": local("14:00")}
WHOLE = {"from": local("06:00"), "to": next_day("06:00")}


@pytest.fixture(scope="module")
def api(server, template, tmp_path_factory):
    with (
        plant_database(server, template, tmp_path_factory.mktemp("contract")) as conninfo,
        served(conninfo) as client,
    ):
        yield client


def _items(api, line="pressing", **query):
    answer = api.get("/api/v1/kpis", params={"line": line, **query})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"items", "next"}
    return body["items"]


def _is(value, *types):
    """Whether a value is of a JSON type; a truth value is no number."""
    return isinstance(value, types) and not isinstance(value, bool)


def _check(item):
    for name in TEXTS:
        assert _is(item[name], str), name
    for name in TEXTS_OR_NULL:
        assert item[name] is None or _is(item[name], str), name
    assert item["status"] in ("live", "provisional", "final")
    assert item["revision"] is None or _is(item["revision"], int)
    for name in ("start", "end"):
        assert datetime.fromisoformat(item[name]).utcoffset() is not None, name
    for name in (*RATIOS, "mttr_s", "mtbf_s"):
        assert item[name] is None or _is(item[name], *NUMBER), name
    for name in TIMES:
        assert _is(item["elements"][name], *NUMBER), name
    for name in IDEALS:
        assert item["elements"][name] is None or _is(item["elements"][name], *NUMBER), name
    for name in COUNTS:
        assert _is(item["elements"][name], int), name
    assert "breakdown" in item["losses"]
    for name, loss in item["losses"].items():
        assert set(loss) == {"s", "parts"}, name
        assert all(value is None or _is(value, *NUMBER) for value in loss.values()), name
    assert _is(item["flags"], list)
    assert all(_is(flag, str) for flag in item["flags"])


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("line", "machine"), [("pressing", None), ("pressing", "press"), ("pool", None), ("silent", None)]
)
def test_every_field_is_there_and_of_its_type(api, line, machine, group):
    query = {} if machine is None else {"machine": machine}
    from_ = f"{DAY.replace(day=1)}T00:00:00Z" if group == "month" else WHOLE["from"]
    for item in _items(api, line, **query, **{**WHOLE, "from": from_}, group_by=group):
        _check(item)
        assert (item["line"], item["machine"]) == (line, machine)


def test_a_shift_has_the_figures_that_its_samples_say(api):
    (item,) = _items(api, **MORNING, group_by="shift")
    assert (item["shift"], item["production_date"], item["method"]) == ("early", str(DAY), "constraint")
    assert (item["start"], item["end"]) == (local("06:00"), local("14:00"))
    assert (item["product"], item["order"], item["machine"]) == (None, None, None)
    assert item["revision"] >= 1
    e = item["elements"]
    # 12 min fault, 20 min set-up, a break of 20 min through which the press runs (it counts as planned, S-27).
    assert (e["calendar_s"], e["unplanned_stop_s"], e["stop_count"], e["closed_stop_s"]) == (28_800, 720, 1, 720)
    assert (e["planned_stop_s"], e["good_count"], e["reject_count"], e["total_count"]) == (1200, 2500, 60, 2560)
    assert item["losses"]["breakdown"]["s"] == 720
    assert item["losses"]["breakdown"]["parts"] > 0
    assert item["coverage"] == 1
    assert item["oee"] == pytest.approx(item["availability"] * item["performance"] * item["quality"])
    assert item["mttr_s"] == 720


@pytest.mark.parametrize(("group", "names"), [("product", ["A", "B"]), ("order", ["4711", "4712"])])
def test_rows_of_products_and_orders_sum_to_the_whole_with_a_null_row_last(api, group, names):
    rows, (whole,) = _items(api, **WHOLE, group_by=group), _items(api, **WHOLE, group_by="none")
    assert [row[group] for row in rows][: len(names)] == names
    assert {row[group] for row in rows} <= {*names, None}
    for name in (*TIMES, *COUNTS):
        assert sum(row["elements"][name] for row in rows) == pytest.approx(whole["elements"][name]), name


def test_what_is_unknown_is_null(api):
    (item,) = _items(api, "silent", **MORNING, group_by="none")
    assert (item["availability"], item["performance"], item["quality"], item["oee"]) == (None,) * 4
    assert (item["coverage"] or 0, item["mttr_s"], item["mtbf_s"]) == (0, None, None)


RANGED = ("/api/v1/kpis", "/api/v1/stops", "/api/v1/shifts", "/api/v1/lines/pressing/intervals")


def _query(path, **query):
    return query if path.endswith("intervals") else {"line": "pressing", **query}


@pytest.mark.parametrize("path", RANGED)
@pytest.mark.parametrize("end", ["from", "to"])
def test_an_instant_without_an_offset_is_refused(api, path, end):
    naive = MORNING[end][:19]
    answer = api.get(path, params=_query(path, **{**MORNING, end: naive}))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/query/{end}"
    assert "no offset" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "days", "group"),
    [
        ("/api/v1/stops", 32, None),
        ("/api/v1/lines/pressing/intervals", 32, None),
        ("/api/v1/shifts", 400, None),
        *(("/api/v1/kpis", 32 if g in ("hour", "product", "order") else 400, g) for g in GROUPS),
    ],
)
def test_a_range_too_long_is_refused_and_the_limit_named(api, path, days, group):
    more = {} if group is None else {"group_by": group}
    query = _query(path, **{"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, **more)
    answer = api.get(path, params=query)
    assert answer.status_code == 422
    assert f"{days} days at most" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/kpis", {"line": "pressing", **MORNING, "group_by": "shift"}),
        ("/api/v1/lines/pressing/intervals", MORNING),
        ("/api/v1/stops", {"line": "pressing", **MORNING}),
        ("/api/v1/shifts", {"line": "pressing", **MORNING}),
        (f"/api/v1/lines/pressing/shifts/{DAY}/early/report", {"format": "json"}),
        (f"/api/v1/lines/pressing/shifts/{DAY}/early/report", {"format": "html"}),
        (f"/api/v1/lines/pressing/shifts/{DAY}/early/revisions", {}),
        ("/api/v1/lines", {}),
        ("/api/v1/revisions", {}),
    ],
)
def test_who_has_it_already_gets_304_and_nothing_else(api, path, query):
    first = api.get(path, params=query)
    assert first.status_code == 200
    again = api.get(path, params=query, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = api.get(path, params=query, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_health_has_an_etag_that_a_later_moment_may_change(api):
    for _ in range(5):  # it tells up to now, so that a second edge may lie between two
        first = api.get("/api/v1/lines/pressing/health")
        again = api.get("/api/v1/lines/pressing/health", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code in (200, 304)
        assert (again.status_code == 304) == (again.headers["etag"] == first.headers["etag"])
        if again.status_code == 304:
            return
    pytest.fail("never unchanged")


@pytest.mark.parametrize("line", ["pressing", "pool", "silent", "idle"])
def test_the_state_of_every_kind_of_line_is_told(api, line):
    state = api.get(f"/api/v1/lines/{line}/state").json()
    assert state["line"] == line
    assert len(state["machines"]) == (2 if line == "pool" else 1)
    for part in (state, *state["machines"]):
        assert _is(part["category"], str)
        assert datetime.fromisoformat(part["since"]).utcoffset() is not None


def test_intervals_of_a_pooled_line_name_their_machines_and_tile_the_range(api):
    items = api.get("/api/v1/lines/pool/intervals", params=MORNING).json()["items"]
    assert {i["machine"] for i in items} == {"one", "two"}
    for machine in ("one", "two"):
        own = [i for i in items if i["machine"] == machine]
        assert (own[0]["start"], own[-1]["end"]) == (local("06:00"), local("14:00"))
        assert all(a["end"] == b["start"] for a, b in pairwise(own))
