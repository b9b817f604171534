"""S-40, S-41: a pooled line and one with counting machines from CSV to the API, by commands, with figures by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from main_job import module_database, oee, served

# A Monday in the past, and its week, in a plant that knows no daylight saving time.
DAY = next(d for d in (datetime.now(UTC).date() - timedelta(days=n) for n in range(8, 15)) if d.weekday() == 0)
STATE = "state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop}}"
PLANT = f"""\
version: 1
plant: {{id: works, timezone: UTC, day_start: "06:00"}}
calendars:
  default:
    shifts:
      early: {{start: "06:00", end: "07:00"}}
      late: {{start: "07:00", end: "08:00"}}
    week: {{mon: [early, late], tue: [early]}}
lines:
  presses:
    calendar: default
    rollup: {{method: pooled}}
    targets: {{oee: 0.5}}
    machines:
      p1: {{ideal_cycle_s: 2, signals: {{{STATE}, good: {{}}, reject: {{}}}}}}
      p2: {{ideal_cycle_s: 4, signals: {{{STATE}, good: {{}}, reject: {{}}}}}}
  bottling:
    calendar: default
    rollup: {{method: constraint, machine: filler, count_total: depal, count_good: packer, count_reject: checker}}
    machines:
      depal: {{ideal_cycle_s: 1, signals: {{{STATE}, total: {{}}}}}}
      filler: {{ideal_cycle_s: 3, signals: {{{STATE}, total: {{}}}}}}
      checker: {{ideal_cycle_s: 1, signals: {{{STATE}, total: {{}}, reject: {{}}}}}}
      packer: {{ideal_cycle_s: 1, signals: {{{STATE}, total: {{}}}}}}
"""

COUNTS = {
    "depal": ("total", 1000, 800),
    "filler": ("total", 990, 810),
    "checker": ("reject", 40, 20),
    "packer": ("total", 900, 800),
}
"""Who counts what, in the early and in the late shift: 60 bottles stay under way in the first, 20 are taken back."""


def rows() -> list[tuple[str, str, str, object]]:
    """Early: p1 makes 900 good and 100 rejects in 40 min, then fails; p2 makes 800. Late: p1 900, p2 400, fails."""
    found: list[tuple[str, str, str, object]] = [("06:00", m, "state", "RUN") for m in ("p1", "p2", *COUNTS)]
    found += [("06:00", m, s, 0) for m in ("p1", "p2") for s in ("good", "reject")]
    found += [("06:40", "p1", "good", 900), ("06:40", "p1", "reject", 100), ("06:40", "p1", "state", "FAULT")]
    found += [("07:00", "p1", "state", "RUN"), ("07:00", "p1", "good", 900), ("07:00", "p1", "reject", 100)]
    found += [("08:00", "p1", "good", 1800), ("08:00", "p1", "reject", 100)]
    found += [("07:00", "p2", "good", 800), ("07:30", "p2", "good", 1200), ("07:30", "p2", "state", "FAULT")]
    found += [("08:00", "p2", "good", 1200), ("08:00", "p2", "reject", 0)]
    for machine, (signal, first, second) in COUNTS.items():
        found += [(t, machine, signal, n) for t, n in (("06:00", 0), ("07:00", first), ("08:00", first + second))]
    return [*found, ("06:00", "checker", "total", 0), ("08:00", "checker", "total", 2000)]


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("rollup")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    lines = [f"{DAY}T{clock}:00Z,{machine},{signal},{value}" for clock, machine, signal, value in rows()]
    (folder / "samples.csv").write_text("\n".join(["ts,machine,signal,value", *lines]) + "\n", encoding="utf-8")
    with module_database(server, template) as database:
        for words in (("apply", folder / "plant.yaml"), ("import", folder / "samples.csv"), ("recompute",)):
            done = oee(*words, database=database, data_dir=folder)
            assert done.returncode == 0, done.stderr
        with served(database) as client:
            yield client


def clock(text: str, days: int = 0) -> str:
    return f"{DAY + timedelta(days=days)}T{text}:00+00:00"


def items(api: httpx.Client, path: str, **params: object) -> list[dict[str, Any]]:
    span = {"from": clock("06:00"), "to": clock("06:00", 7)} if path != "revisions" else {}
    answer = api.get(f"/api/v1/{path}", params={**span, **params})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_s40_parallel_presses_are_one_line(api: httpx.Client) -> None:
    early = items(api, "kpis", line="presses", group_by="shift")[0]
    e = early["elements"]
    assert (early["method"], early["machine"], early["shift"], early["status"]) == ("pooled", None, "early", "final")
    assert (e["calendar_s"], e["run_s"], e["unplanned_stop_s"], e["stop_count"]) == (7200, 6000, 1200, 1)
    assert (e["total_count"], e["good_count"], e["reject_count"], e["wip_count"]) == (1800, 1700, 100, None)
    assert early["availability"] == pytest.approx(6000 / 7200)
    assert early["performance"] == pytest.approx((1000 * 2 + 800 * 4) / 6000)
    assert early["quality"] == pytest.approx((900 * 2 + 800 * 4) / (1000 * 2 + 800 * 4))
    assert early["oee"] == pytest.approx(5000 / 7200)
    machines = [items(api, "kpis", line="presses", machine=m, group_by="shift")[0] for m in ("p1", "p2")]
    assert [m["quality"] for m in machines] == [0.9, 1.0]
    assert early["quality"] != pytest.approx(0.95)


def test_s40_counting_machines_show_what_is_under_way(api: httpx.Client) -> None:
    early, late = items(api, "kpis", line="bottling", group_by="shift")[:2]
    e = early["elements"]
    assert (e["total_count"], e["good_count"], e["reject_count"], e["wip_count"]) == (1000, 900, 40, 60)
    assert (e["run_s"], e["ideal_total_s"], e["ideal_good_s"]) == (3600, 3000, 2700)
    assert early["quality"] == pytest.approx(900 / 940)
    assert early["oee"] == pytest.approx(2700 / 3600)
    assert early["losses"]["work_in_process"] == {"s": 180.0, "parts": 60.0}
    assert 3600 - sum(loss["s"] for loss in early["losses"].values()) == pytest.approx(2700)
    assert late["elements"]["wip_count"] == -20
    whole = items(api, "kpis", line="bottling", to=clock("08:00"))[0]
    assert whole["elements"]["wip_count"] == 40


@pytest.mark.parametrize("line", ["presses", "bottling"])
@pytest.mark.parametrize("machine", [None, "first"])
def test_s41_shifts_days_weeks_and_free_windows_sum_alike(api: httpx.Client, line: str, machine: str | None) -> None:
    of = {"machine": {"presses": "p1", "bottling": "depal"}[line]} if machine else {}
    (week,) = items(api, "kpis", line=line, group_by="week", **of)
    days = items(api, "kpis", line=line, group_by="day", **of)
    (free,) = items(api, "kpis", line=line, **of)
    hours = items(api, "kpis", line=line, group_by="hour", limit=1000, **of)
    assert (week["production_date"], week["shift"], week["revision"]) == (str(DAY), None, None)
    assert week["status"] == "final"
    assert len(days) == 7
    for name, value in week["elements"].items():
        if value is not None:
            assert sum(d["elements"][name] for d in days) == pytest.approx(value), name
            assert sum(h["elements"][name] for h in hours) == pytest.approx(value), name
            assert free["elements"][name] == value, name
    assert week["oee"] == free["oee"]


def test_s41_a_month_that_began_before_the_range_is_none_of_it(api: httpx.Client) -> None:
    first = DAY.replace(day=1)
    since = f"{first}T00:00:00Z"
    (month, *_) = items(api, "kpis", line="presses", group_by="month", **{"from": since, "to": clock("06:00", 1)})
    assert month["production_date"] == str(first)
    assert items(api, "kpis", line="presses", group_by="month", to=clock("07:00")) == ([month] if first == DAY else [])


def test_s40_intervals_of_a_pooled_line_name_their_machines(api: httpx.Client) -> None:
    found = items(api, "lines/presses/intervals", to=clock("08:00"))
    assert [(i["machine"], i["start"][11:16], i["category"]) for i in found] == [
        ("p1", "06:00", "run"),
        ("p1", "06:40", "unplanned_stop"),
        ("p1", "07:00", "run"),
        ("p2", "06:00", "run"),
        ("p2", "07:30", "unplanned_stop"),
    ]
    assert {i["open"] for i in found} == {False}
    (one,) = items(api, "lines/bottling/intervals", to=clock("08:00"))
    assert one["machine"] is None


def test_stops_agree_with_the_elements(api: httpx.Client) -> None:
    """p1 stands 20 min before 07:00; p2 from 07:30, first in the late shift, then again each time a shift begins."""
    found = items(api, "stops", line="presses", to=clock("08:00"))
    assert [(s["machine"], s["start"][11:16], s["production_date"], s["shift"], s["length_s"]) for s in found] == [
        ("p1", "06:40", str(DAY), "early", 1200.0),
        ("p2", "07:30", str(DAY), "late", 1800.0),
    ]
    assert (found[0]["open"], found[0]["end"]) == (False, clock("07:00"))
    (part,) = items(api, "stops", line="presses", machine="p1", **{"from": clock("06:50"), "to": clock("06:55")})
    assert (part["id"], part["in_window_s"], part["length_s"]) == (found[0]["id"], 300.0, 1200.0)
    week = items(api, "stops", line="presses")
    for shift in items(api, "kpis", line="presses", group_by="shift"):
        of_shift = [s for s in week if (s["production_date"], s["shift"]) == (shift["production_date"], shift["shift"])]
        assert sum(s["counted"] for s in of_shift) == shift["elements"]["stop_count"]


def test_the_state_of_a_pooled_line_is_run_while_any_machine_runs(api: httpx.Client) -> None:
    state = api.get("/api/v1/lines/presses/state").json()
    assert {m["machine"] for m in state["machines"]} == {"p1", "p2"}
    line = api.get("/api/v1/lines/presses").json()
    assert (line["method"], line["constraint"]) == ("pooled", None)


def test_the_feed_of_revisions_names_figures_that_are_there(api: httpx.Client) -> None:
    feed = items(api, "revisions", line="presses", limit=1000)
    known = {i["id"] for i in items(api, "kpis", line="presses", group_by="shift")}
    assert known <= {c["kpi_id"] for c in feed if c["machine"] is None}
    assert {c["machine"] for c in feed} == {None, "p1", "p2"}
    assert {(c["revision"], c["cause"]) for c in feed} == {(1, "shift closed")}
    joined, cursor = [], None
    while True:
        page = api.get(
            "/api/v1/revisions", params={"line": "presses", "limit": 5} | ({"cursor": cursor} if cursor else {})
        )
        joined += page.json()["items"]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert joined == feed


@pytest.mark.parametrize("line", ["presses", "bottling"])
def test_pages_and_reports_of_rolled_up_lines_are_there(api: httpx.Client, line: str) -> None:
    for path in (f"/lines/{line}", f"/lines/{line}/shifts/{DAY}/early", "/"):
        page = api.get(path)
        assert page.status_code == 200, page.text
    report = api.get(f"/api/v1/lines/{line}/shifts/{DAY}/early/report", params={"format": "json"})
    assert report.status_code == 200
    (early,) = (
        i
        for i in items(api, "kpis", line=line, group_by="shift")
        if i["production_date"] == str(DAY) and i["shift"] == "early"
    )
    assert report.json()["kpi"] == early
