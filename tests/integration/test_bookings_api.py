"""S-10, S-51: scrap and rework booked over HTTP, by commands and a real database, with figures by hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from main_job import module_database, oee, served

from oee.compute.service import ComputeService
from oee.store.accounts import Accounts
from oee.store.database import Database

DAY = next(d for d in (datetime.now(UTC).date() - timedelta(days=n) for n in range(8, 15)) if d.weekday() == 0)
STATE = "state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop, SETUP: planned_stop}}"
WAITS = STATE.replace("{RUN: run,", "{RUN: run, WAIT: external_stop,")
PLANT = f"""\
version: 1
plant: {{id: works, timezone: UTC, day_start: "06:00"}}
calendars:
  default:
    shifts:
      early: {{start: "06:00", end: "08:00"}}
      late: {{start: "08:00", end: "10:00"}}
    week: {{mon: [early, late], tue: [early]}}
products:
  A: {{ideal_cycle_s: 2}}
  B: {{ideal_cycle_s: 4}}
lines:
  mixed:
    calendar: default
    rollup: {{method: constraint, machine: press}}
    machines:
      press: {{startup_s: 600, signals: {{{STATE}, good: {{}}, product: {{}}}}}}
  bottling:
    calendar: default
    rollup: {{method: constraint, machine: filler, count_good: packer}}
    machines:
      filler:
        products: {{A: {{ideal_cycle_s: 3}}}}
        signals: {{{STATE}, total: {{}}, reject: {{}}}}
      packer: {{ideal_cycle_s: 1, products: {{A: {{ideal_cycle_s: 3}}}}, signals: {{{STATE}, total: {{}}}}}}
  presses:
    calendar: default
    rollup: {{method: pooled}}
    machines:
      p1: {{products: {{A: {{}}}}, signals: {{{STATE}, good: {{}}}}}}
      p2: {{products: {{B: {{}}}}, signals: {{{STATE}, good: {{}}}}}}
  flow:
    calendar: default
    rollup: {{method: constraint, machine: filling}}
    machines:
      washer: {{signals: {{{STATE}}}}}
      filling: {{products: {{A: {{}}}}, startup_s: 600, signals: {{{WAITS}, total: {{}}, reject: {{}}}}}}
      capper: {{name: Capper 2, signals: {{{STATE}}}}}
  dark:
    calendar: default
    rollup: {{method: single, machine: oven}}
    machines:
      oven: {{products: {{A: {{}}}}, reject_source: none, signals: {{{STATE}, total: {{}}}}}}
"""


def clock(text: str, days: int = 0) -> str:
    return f"{DAY + timedelta(days=days)}T{text}{':00' if len(text) == 5 else ''}Z"


def rows() -> list[tuple[str, str, str, object]]:
    """The press makes A at 30 parts a minute to 07:00, is set up for 10 min, and makes B at 10 parts a minute."""
    found: list[tuple[str, str, str, object]] = [
        (at, "press", *said)
        for at, *said in [
            ("06:00", "state", "RUN"),
            ("06:00", "product", "A"),
            ("06:00", "good", 0),
            ("07:00", "good", 1800),
            ("07:00", "state", "SETUP"),
            ("07:05", "product", "B"),
            ("07:10", "state", "RUN"),
            ("07:10", "good", 1800),
            ("10:00", "good", 3500),
        ]
    ]
    for machine in ("filler", "packer", "p1", "p2", "oven"):
        found.append(("06:00", machine, "state", "RUN"))
        signal, factor = ("good", 1) if machine in ("p1", "p2") else ("total", 2)
        found += [(f"{h:02}:00", machine, signal, (h - 6) * 600 * factor) for h in range(6, 11)]
    found += [(at, "washer", "state", "RUN") for at in ("06:00", "10:00")]
    found += [(at, "capper", "state", said) for at, said in (("06:00", "RUN"), ("06:15", "FAULT"), ("06:35", "RUN"))]
    states = [("06:00", "RUN"), ("06:20", "WAIT"), ("06:40", "RUN"), ("07:50", "SETUP"), ("07:55:20", "RUN")]
    found += [(at, "filling", "state", said) for at, said in states]
    for minute in range(241):
        at = f"{6 + minute // 60:02}:{minute % 60:02}"
        found += [(at, "filling", "total", 30 * minute), (at, "filling", "reject", 6 * minute)]
    return [*found, *((f"{h:02}:00", "filler", "reject", (h - 6) * 60) for h in range(6, 11))]


@pytest.fixture(scope="module")
def works(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    folder: Path = tmp_path_factory.mktemp("bookings")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    lines = [f"{clock(at)},{machine},{signal},{value}" for at, machine, signal, value in rows()]
    (folder / "samples.csv").write_text("\n".join(["ts,machine,signal,value", *lines]) + "\n", encoding="utf-8")
    with module_database(server, template) as database:
        for words in (("apply", folder / "plant.yaml"), ("import", folder / "samples.csv"), ("recompute",)):
            done = oee(*words, database=database, data_dir=folder)
            assert done.returncode == 0, done.stderr
        with served(database) as client, Database(database) as db:
            yield Works(client, db, database, folder)


class Works:
    """The plant over HTTP, and its computing."""

    def __init__(self, client: httpx.Client, db: Database, address: str, folder: Path) -> None:
        self.client, self.db, self.address, self.folder = client, db, address, folder

    def recompute(self) -> int:
        return ComputeService(self.db).recompute().shifts

    def entries(self) -> list[tuple[Any, ...]]:
        params = {"kinds": ["booking"], "line_id": None, "machine_id": None, "from": None, "to": None}
        return self.db.rows("entries/of", **params)

    def load(self, rows: str) -> None:
        (self.folder / "late.csv").write_text(rows, encoding="utf-8")
        done = oee("import", self.folder / "late.csv", database=self.address, data_dir=self.folder)
        assert done.returncode == 0, done.stderr

    def book(self, status: int = 201, headers: dict[str, str] | None = None, **said: object) -> dict[str, Any]:
        answer = self.client.post("/api/v1/bookings", json=said, headers=headers or {})
        assert answer.status_code == status, answer.text
        if status != 201:
            assert answer.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = answer.json()
        return body

    def items(self, path: str, **params: object) -> list[dict[str, Any]]:
        span = {"from": clock("06:00"), "to": clock("10:00")} if path != "revisions" else {}
        answer = self.client.get(f"/api/v1/{path}", params={**span, **params})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def shift(self, line: str, name: str, **more: object) -> dict[str, Any]:
        return next(i for i in self.items("kpis", line=line, group_by="shift", **more) if i["shift"] == name)

    def revisions(self, line: str) -> list[tuple[str, str | None, int, str, str | None]]:
        feed = self.items("revisions", line=line, limit=1000)
        return [(r["shift"], r["machine"], r["revision"], r["cause"], r["author"]) for r in feed]


def counts(item: dict[str, Any]) -> tuple[int, int, int, int]:
    e = item["elements"]
    return e["total_count"], e["good_count"], e["reject_count"], e["rework_count"]


def test_s10_a_booking_revises_the_shift_that_made_the_parts_once_and_its_reversal_again(works: Works) -> None:
    before = works.shift("mixed", "early")
    assert counts(before) == (2300, 2300, 0, 0)
    published = works.revisions("mixed")
    said = {"kind": "scrap", "line": "mixed", "date": str(DAY), "shift": "early", "product": "A", "count": 40}
    told = works.book(**said, reason="dirty")
    assert (told["machine"], told["ts"], told["shift"], told["production_date"], told["author"]) == (
        "press",
        clock("07:00").replace("Z", "+00:00"),
        "early",
        str(DAY),
        "loopback",
    )
    done = oee("recompute", database=works.address, data_dir=works.folder)
    assert done.returncode == 0, done.stderr
    after = works.shift("mixed", "early")
    assert counts(after) == (2300, 2260, 40, 0)
    assert after["quality"] == pytest.approx((1760 * 2 + 500 * 4) / (1800 * 2 + 500 * 4))
    assert (after["scrap_ratio"], after["first_pass_yield"]) == (pytest.approx(40 / 2300), pytest.approx(2260 / 2300))
    assert after["losses"]["production_rejects"] == {"s": 80.0, "parts": 40.0}
    assert "corrected" in after["flags"]
    assert works.revisions("mixed") == [
        *published,
        ("early", None, 2, "scrap booked", "loopback"),
        ("early", "press", 2, "scrap booked", "loopback"),
    ]
    hours = works.items("kpis", line="mixed", group_by="hour")
    assert [h["elements"]["reject_count"] for h in hours] == [40, 0, 0, 0]
    assert ["corrected" in h["flags"] for h in hours] == [True, False, False, False]
    by_product = works.items("kpis", line="mixed", group_by="product")
    assert {r["product"]: counts(r) for r in by_product} == {"A": (1800, 1760, 40, 0), "B": (1700, 1700, 0, 0)}
    assert works.recompute() == 0
    back = works.book(**{**said, "kind": "reversal"})
    assert (back["kind"], back["booking"], back["count"]) == ("reversal", told["id"], 40)
    works.recompute()
    restored = works.shift("mixed", "early")
    assert (restored["elements"], restored["flags"], restored["revision"]) == (before["elements"], before["flags"], 3)
    assert works.revisions("mixed")[-2:] == [
        ("early", None, 3, "booking reversed", "loopback"),
        ("early", "press", 3, "booking reversed", "loopback"),
    ]
    listed = works.items("bookings", line="mixed")
    assert [(b["id"], b["reversed_by"], b["reason"]) for b in listed] == [(told["id"], back["id"], "dirty")]
    again = works.book(409, kind="reversal", booking=told["id"])
    assert "already" in again["detail"]


def test_s10_with_a_time_the_newest_parts_made_by_then_are_taken_and_windows_sum(works: Works) -> None:
    """30 parts a minute: 50 parts up to 06:20:30 are 15 of the half minute, 30 of 06:19 and 5 of 06:18."""
    told = works.book(kind="rework", line="mixed", ts=clock("06:20:30"), count=50)
    assert (told["product"], told["shift"]) == ("A", "early")
    edges = [clock(t) for t in ("06:00", "06:18", "06:19", "06:20", "06:20:30", "06:20:50", "07:00", "08:00")]
    found = [works.items("kpis", line="mixed", **{"from": a, "to": b})[0] for a, b in pairwise(edges)]
    assert [f["elements"]["rework_count"] for f in found] == [0, 5, 30, 15, 0, 0, 0]
    assert sum(f["elements"]["good_count"] for f in found) == 2250
    works.recompute()
    assert counts(works.shift("mixed", "early")) == (2300, 2250, 0, 50)
    report = works.client.get(f"/api/v1/lines/mixed/shifts/{DAY}/early/report", params={"format": "json"}).json()
    (decision,) = report["data_quality"]["counter_decisions"]
    assert (decision["kind"], decision["amount"], decision["why"]) == ("rework", "50", "Booked by loopback.")
    works.book(kind="reversal", booking=told["id"])
    works.recompute()


def test_section_2_startup_rejects_are_a_loss_of_their_own_and_the_waterfall_closes(works: Works) -> None:
    """The press runs again at 07:10 after its set-up; scrap up to 07:20 is of starting up, 20 of 30 here."""
    inside = works.book(kind="scrap", line="mixed", ts=clock("07:19"), count=20, product="B")
    later = works.book(kind="scrap", line="mixed", ts=clock("07:40"), count=10, product="B")
    works.recompute()
    early = works.shift("mixed", "early")
    e, losses = early["elements"], early["losses"]
    assert (e["reject_count"], e["startup_count"]) == (30, 20)
    assert losses["startup_rejects"] == {"s": 80.0, "parts": 20.0}
    assert losses["production_rejects"] == {"s": 40.0, "parts": 10.0}
    known_s = e["planned_busy_s"] - e["no_data_s"]
    assert known_s - sum(loss["s"] for loss in losses.values()) == pytest.approx(e["ideal_good_s"])
    hours = works.items("kpis", line="mixed", group_by="hour")
    assert [h["elements"]["startup_count"] for h in hours] == [0, 20, 0, 0]
    said = works.book(kind="scrap", line="mixed", ts=clock("09:00"), count=7, startup=True)
    works.recompute()
    assert works.shift("mixed", "late")["elements"]["startup_count"] == 7
    for booking in (inside, later, said):
        works.book(kind="reversal", booking=booking["id"])
    works.recompute()


def test_s40_scrap_on_a_line_moves_what_its_counting_machines_told(works: Works) -> None:
    """The packer counts good, the filler total and rejects: 2400, 2400 and 120 in a shift of two hours."""
    before = works.shift("bottling", "late")
    assert counts(before) == (2400, 2400, 120, 0)
    told = works.book(kind="scrap", line="bottling", date=str(DAY), shift="late", count=30)
    works.recompute()
    after = works.shift("bottling", "late")
    assert told["machine"] == "packer"
    assert counts(after) == (2400, 2370, 150, 0)
    assert after["elements"]["wip_count"] == before["elements"]["wip_count"]
    assert "corrected" in after["flags"]
    assert counts(works.shift("bottling", "late", machine="packer")) == (2400, 2370, 30, 0)
    assert counts(works.shift("bottling", "late", machine="filler")) == (2400, 2280, 120, 0)
    free = works.items("kpis", line="bottling", **{"from": clock("08:00")})[0]
    assert free["elements"] == after["elements"]
    hours = works.items("kpis", line="bottling", group_by="hour", **{"from": clock("08:00")})
    assert [h["elements"]["reject_count"] for h in hours] == [60, 90]
    assert {r[3] for r in works.revisions("bottling") if r[1] == "filler"} == {"shift closed"}


def test_s40_a_pooled_line_takes_the_machine_that_made_it_or_asks(works: Works) -> None:
    said = {"kind": "scrap", "line": "presses", "ts": clock("07:00"), "count": 5}
    assert "p1, p2" in works.book(422, **said)["detail"]
    assert works.book(**said, product="B")["machine"] == "p2"
    assert works.book(**said, machine="p1")["product"] == "A"
    works.recompute()
    assert counts(works.shift("presses", "early")) == (2400, 2390, 10, 0)


def test_s29_the_pareto_charges_waiting_to_the_machine_that_stood(works: Works) -> None:
    """The filler waits from 06:20 to 06:40, the capper stands up to 06:35."""
    path = f"lines/flow/shifts/{DAY}/early"
    report = works.client.get(f"/api/v1/{path}/report", params={"format": "json"}).json()
    rows = [(r["label"], r["machine"], r["s"], r["stops"]) for r in report["pareto"]]
    assert rows == [
        ("Starved or blocked: Capper 2", "capper", 900.0, 1),
        ("Planned stop", None, 320.0, 1),
        ("Starved or blocked", None, 300.0, 0),
    ]
    assert sum(r["share"] for r in report["pareto"]) == pytest.approx(1)
    e = works.shift("flow", "early")["elements"]
    assert (e["external_stop_s"], e["unplanned_stop_s"]) == (1200, 0)
    for page in (f"/{path}", f"/api/v1/{path}/report?format=html"):
        assert "Starved or blocked: Capper 2" in works.client.get(page).text
    works.load(
        "ts,machine,signal,value\n" + f"{clock('06:10')},capper,state,FAULT\n{clock('06:39')},capper,state,RUN\n"
    )
    works.recompute()
    assert [r[:3] for r in works.revisions("flow") if r[2] > 1] == [("early", "capper", 2)]
    works.load("ts,machine,signal,value\n" + f"{clock('06:36')},capper,state,FAULT\n")
    works.recompute()
    late = works.client.get(f"/api/v1/{path}/report", params={"format": "json"}).json()
    assert [r["s"] for r in late["pareto"] if r["machine"] == "capper"] == [15 * 60 + 3 * 60]


def test_section_2_a_startup_reaches_into_the_next_shift_and_late_data_revise_both(works: Works) -> None:
    """6 rejects a minute: a start-up from 07:55:20 lasts until 08:05:20, 30 rejects before 08:00 and 32 after it."""
    shifts = [works.shift("flow", s) for s in ("early", "late")]
    assert [s["elements"]["startup_count"] for s in shifts] == [30, 32]
    windows = works.items("kpis", line="flow", group_by="hour")
    assert [h["elements"]["startup_count"] for h in windows] == [0, 30, 32, 0]
    edges = [clock(t) for t in ("08:00", "08:04:40", "08:05:10", "08:05:40", "09:00")]
    parts = [works.items("kpis", line="flow", **{"from": a, "to": b})[0] for a, b in pairwise(edges)]
    assert [p["elements"]["startup_count"] for p in parts] == [28, 3, 1, 0]
    before = works.shift("flow", "late")["revision"]
    works.load("ts,machine,signal,value\n" + f"{clock('07:52')},filling,state,RUN\n")
    works.recompute()
    after = works.shift("flow", "late")
    assert (after["elements"]["startup_count"], after["revision"]) == (12, before + 1)
    free = works.items("kpis", line="flow", **{"from": clock("08:00")})[0]
    assert free["elements"] == after["elements"]


SHIFT = {"date": str(DAY), "shift": "early"}
REFUSED = {
    "several products": ({**SHIFT}, "product: name one"),
    "more than was made": ({**SHIFT, "product": "A", "count": 1801}, "1800 good parts of A"),
    "none made by then": ({"ts": clock("06:00"), "count": 1}, "nothing was made"),
    "an unknown product": ({**SHIFT, "product": "C"}, "'C' was not made"),
    "a product not made by then": ({"ts": clock("06:30"), "product": "B"}, "made was: A"),
    "an unknown shift": ({"date": str(DAY), "shift": "night"}, "no shift 'night'"),
    "no date": ({"date": "2026-13-40", "shift": "early"}, "no date"),
    "no count": ({**SHIFT, "product": "A", "count": None}, "count: is missing"),
    "count of none": ({**SHIFT, "product": "A", "count": 0}, "greater than 0"),
    "a part of a part": ({**SHIFT, "product": "A", "count": 1.5}, "count"),
    "both times": ({**SHIFT, "ts": clock("06:30"), "product": "A"}, "either ts, or date and shift"),
    "neither time": ({"product": "A"}, "either ts, or date and shift"),
    "half a shift": ({"date": str(DAY), "product": "A"}, "either ts, or date and shift"),
    "a time to come": ({"ts": "2199-01-01T00:00:00Z"}, "lies ahead"),
    "a time before all data": ({"ts": "2001-01-01T00:00:00Z"}, "before all data"),
    "another machine": ({**SHIFT, "machine": "filler"}, "no machine 'filler'"),
    "a key that is none": ({**SHIFT, "colour": "red"}, "colour"),
    "another kind": ({**SHIFT, "kind": "gift"}, "kind"),
    "nothing to reverse": ({**SHIFT, "kind": "reversal", "count": 3}, "no booking"),
    "no such booking": ({"kind": "reversal", "booking": 999_999_999}, "no entry 999999999"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_s10_what_can_not_be_booked_is_refused_with_one_sentence(works: Works, name: str) -> None:
    said, sentence = REFUSED[name]
    entered = works.entries()
    detail = works.book(422, **{"kind": "scrap", "line": "mixed", "count": 2, **said})["detail"]
    assert sentence in detail
    assert "\n" not in detail
    after = works.entries()
    assert after == entered
    assert works.recompute() == 0


def test_s9_a_machine_whose_quality_is_unknown_takes_no_bookings(works: Works) -> None:
    detail = works.book(422, kind="scrap", line="dark", **SHIFT, count=1)["detail"]
    assert "reject_source: none" in detail
    assert works.shift("dark", "early")["quality"] is None


def test_the_same_key_books_once(works: Works) -> None:
    said = {"kind": "scrap", "line": "presses", "machine": "p2", "ts": clock("09:00"), "count": 3}
    key = {"Idempotency-Key": "mes-4711"}
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda _: works.book(201, key, **said), range(3)))
    assert told[0] == told[1] == told[2]
    assert "use a new key" in works.book(422, key, **{**said, "count": 4})["detail"]
    works.recompute()
    assert works.shift("presses", "late", machine="p2")["elements"]["reject_count"] == 3
    assert works.book(201, key, **said) == told[0]
    assert works.recompute() == 0


def test_two_at_once_never_take_the_same_parts(works: Works) -> None:
    said = {"kind": "scrap", "line": "presses", "machine": "p1", "ts": clock("08:10"), "count": 60}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: works.client.post("/api/v1/bookings", json=said).status_code, range(2)))
    assert sorted(answers) == [201, 422]


def test_s10_late_data_that_make_it_fewer_flag_what_is_left_over(works: Works) -> None:
    """30 parts in an hour, 15 by the half of it, so it seemed when 12 were booked; then it told that none were."""
    feed = "ts,machine,signal,value\n"
    tuesday = [("06:00", "state", "RUN"), ("06:00", "good", 2400), ("07:00", "good", 2430), ("08:00", "good", 2430)]
    text = feed + "".join(f"{clock(at, 1)},p1,{signal},{value}\n" for at, signal, value in tuesday)
    works.load(text)
    works.recompute()
    works.book(kind="scrap", line="presses", machine="p1", ts=clock("06:30", 1), count=12)
    works.recompute()
    span = {"from": clock("06:00", 1), "to": clock("08:00", 1), "machine": "p1"}
    (item,) = works.items("kpis", line="presses", group_by="shift", **span)
    assert (counts(item), item["revision"]) == ((30, 18, 12, 0), 3)
    works.load(feed + f"{clock('06:30', 1)},p1,good,2400\n")
    works.recompute()
    (item,) = works.items("kpis", line="presses", group_by="shift", **span)
    assert (counts(item), item["revision"]) == ((30, 30, 0, 0), 4)
    assert "counts_inconsistent" in item["flags"]
    assert "corrected" not in item["flags"]


def test_who_may_book(works: Works) -> None:
    """Last in this file: once a key exists, nobody is let in without one."""
    accounts = Accounts(works.db)
    said = {"kind": "scrap", "line": "presses", "machine": "p2", "ts": clock("06:30"), "count": 1}
    keys = {
        role: accounts.add_key(f"{role}-x", role, ("write",) if role == "mes" else ())
        for role in ("viewer", "supervisor", "engineer", "admin", "mes")
    }
    reader = accounts.add_key("reader", "mes", ("read",))
    works.book(401, **said)
    for role, key in keys.items():
        works.book(403 if role == "viewer" else 201, {"Authorization": f"Bearer {key}"}, **said)
    works.book(403, {"Authorization": f"Bearer {reader}"}, **said)
    authors = {
        b["author"]
        for b in works.client.get(
            "/api/v1/bookings",
            params={"line": "presses", "from": clock("06:00"), "to": clock("08:00")},
            headers={"Authorization": f"Bearer {keys['viewer']}"},
        ).json()["items"]
    }
    assert {"supervisor-x", "engineer-x", "admin-x", "mes-x"} <= authors
