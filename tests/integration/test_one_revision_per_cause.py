"""S-51, S-52: each cause makes one new revision of exactly the shifts that it touches; all input again makes none.

Two lines, three shifts, by commands and HTTP over a real database: what the figures' keeper sees of every correction.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from main_job import micros, module_database, oee, served

from oee.compute.service import ComputeService
from oee.store.database import Database

DAY = next(d for d in (datetime.now(UTC).date() - timedelta(days=n) for n in range(8, 15)) if d.weekday() == 0)
STATE = "state: {profile: custom, map: {RUN: run, DOWN: unplanned_stop}}"
PLANT = f"""\
version: 1
plant: {{id: works, timezone: UTC, day_start: "06:00"}}
calendars:
  default:
    shifts:
      early: {{start: "06:00", end: "14:00"}}
      late: {{start: "14:00", end: "22:00"}}
      night: {{start: "22:00", end: "06:00"}}
    week: {{mon: [early, late, night]}}
products: {{A: {{ideal_cycle_s: 10}}, B: {{ideal_cycle_s: 5}}}}
lines:
  filling:
    calendar: default
    rollup: {{method: constraint, machine: filler}}
    machines:
      filler: {{signals: {{{STATE}, total: {{}}, product: {{}}}}}}
      capper: {{ideal_cycle_s: 8, signals: {{{STATE}, total: {{}}}}}}
  pressing:
    calendar: default
    targets: {{oee: 0.5}}
    rollup: {{method: single, machine: press}}
    machines:
      press: {{products: {{A: {{}}, B: {{}}}}, signals: {{{STATE}, total: {{}}}}}}
reasons:
  - {{code: JAM, name: Jam, category: external_stop}}
policies: {{lateness_s: 0}}
"""
MACHINES = {"filling": ("filler", "capper"), "pressing": ("press",)}
Pair = tuple[str, str | None, str]
Told = dict[Pair, list[tuple[str, str | None]]]


def t(clock: str, days: int = 0) -> str:
    return f"{DAY + timedelta(days=days)}T{clock}:00Z"


def day_of_all_machines() -> list[str]:
    """A part every 20 s all day, counted once an hour; the filler stands from 09:00 to 09:30."""
    rows = []
    for machine in ("filler", "capper", "press"):
        rows += [f"{t('06:00')},{machine},state,RUN"]
        for hour in range(25):
            rows.append(f"{t(f'{(6 + hour) % 24:02}:00', (6 + hour) // 24)},{machine},total,{hour * 180}")
    return [
        *rows,
        f"{t('06:00')},filler,product,A",
        f"{t('09:00')},filler,state,DOWN",
        f"{t('09:30')},filler,state,RUN",
    ]


class Plant:
    """The plant, a client of it, and the revisions that were seen."""

    def __init__(self, database: str, client: httpx.Client, folder: Path) -> None:
        self.database, self.client, self.folder = database, client, folder
        (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
        self.oee("apply", folder / "plant.yaml")
        self.load("day.csv", day_of_all_machines())
        self.seen: dict[Pair, list[tuple[int, str, str | None]]] = {}
        self.news()

    def oee(self, *words: str | Path) -> None:
        done = oee(*words, database=self.database, data_dir=self.folder)
        assert done.returncode == 0, done.stderr

    def load(self, name: str, rows: list[str]) -> None:
        (self.folder / name).write_text("\n".join(["ts,machine,signal,value", *rows, ""]), encoding="utf-8")
        self.oee("import", self.folder / name)

    def say(self, method: str, path: str, body: Any, key: str | None = None) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def news(self) -> Told:
        """Compute what is due: cause and author of each new revision, a number higher than the one before."""
        with Database(self.database) as db:
            ComputeService(db).recompute()
        items = self.client.get("/api/v1/revisions", params={"limit": 1000}).json()["items"]
        now: dict[Pair, list[tuple[int, str, str | None]]] = {}
        for i in items:
            pair = (i["line"], i["machine"], f"{i['production_date']} {i['shift']}")
            now.setdefault(pair, []).append((i["revision"], i["cause"], i["author"]))
        for rows in now.values():
            assert [n for n, *_ in rows] == list(range(1, len(rows) + 1))
        found = {
            p: [(cause, author) for _, cause, author in rows[len(self.seen.get(p, [])) :]] for p, rows in now.items()
        }
        self.seen = now
        return {pair: rows for pair, rows in found.items() if rows}


@pytest.fixture
def plant(server: str, template: str, tmp_path: Path) -> Iterator[Plant]:
    with module_database(server, template) as database, served(database) as client:
        yield Plant(database, client, tmp_path)


def once(cause: str, author: str | None, line: str, *shifts: str, machines: tuple[str, ...] | None = None) -> Told:
    """One new revision of the line and of these machines of it, in these shifts."""
    who = (None, *(MACHINES[line] if machines is None else machines))
    return {(line, m, f"{DAY} {shift}"): [(cause, author)] for shift in shifts for m in who}


def from_day_on(news: Told, line: str) -> Told:
    """Those of the day. A target and a running order ask something of all later shifts too, but of no other line."""
    assert all(of == line and shift >= f"{DAY}" for of, _, shift in news)
    return {pair: rows for pair, rows in news.items() if pair[2] in {f"{DAY} {s}" for s in ("early", "late", "night")}}


LATE = [f"{t('18:10')},filler,state,DOWN", f"{t('18:30')},filler,state,RUN"]
BOOKING = {"kind": "scrap", "line": "filling", "date": f"{DAY}", "shift": "night", "count": 7, "reason": "dented"}
EXCEPTION = {"shift": "early", "breaks": [{"start": "12:00", "end": "12:30"}]}
PRODUCT = {"ideal_cycle_s": 12, "effective": t("16:00")}
TARGETS = {"oee": 0.9, "effective": t("06:00")}
ORDER = {"line": "pressing", "product": "B"}
START = {"ts": t("16:00")}


def corrections(plant: Plant) -> Iterator[tuple[str, Any]]:
    """One after the other, each time it is asked for the next: its name and what was answered."""
    plant.load("late.csv", LATE)
    yield "late sample", None
    stop = f"filling~filler~{micros(t('09:00').replace('Z', '+00:00'))}"
    yield "reason", plant.say("PATCH", f"/stops/{stop}", {"reason": "JAM"})
    yield "booking", plant.say("POST", "/bookings", BOOKING, key="shift book 17")
    yield "exception", plant.say("PUT", f"/calendars/default/exceptions/{DAY}", EXCEPTION)
    yield "product", plant.say("PUT", "/products/A", PRODUCT)
    yield "product not made", plant.say("PUT", "/products/B", {"ideal_cycle_s": 7, "effective": t("17:00")})
    yield "targets", plant.say("PUT", "/lines/pressing/targets", TARGETS)
    plant.say("PUT", "/orders/O1", ORDER)
    yield "order", plant.say("POST", "/orders/O1:start", START)


def test_s51_each_cause_makes_one_revision_of_what_it_touches_and_all_input_again_makes_none(plant: Plant) -> None:
    told = {name: (answer, plant.news()) for name, answer in corrections(plant)}
    news = {name: rows for name, (_, rows) in told.items()}
    both = ("filling", "pressing")
    assert news["late sample"] == once("late data", None, "filling", "late", machines=("filler",))
    assert news["reason"] == once("stop reason", "loopback", "filling", "early", machines=("filler",))
    assert news["booking"] == once("scrap booked", "loopback", "filling", "night", machines=("filler",))
    assert news["exception"] == {
        k: v for n in both for k, v in once("calendar exception", "loopback", n, "early").items()
    }
    assert news["product"] == once("product changed", "loopback", "filling", "late", "night", machines=("filler",))
    assert news["product not made"] == {}
    assert from_day_on(news["targets"], "pressing") == once(
        "targets changed", "loopback", "pressing", "early", "late", "night"
    )
    entry = told["order"][0]["entry"]
    assert from_day_on(news["order"], "pressing") == once(
        f"order O1 started (entry {entry})", "loopback", "pressing", "late", "night"
    )
    plant.load("day.csv", day_of_all_machines())
    for name, _ in corrections(plant):
        assert plant.news() == {}, name
    plant.oee("recompute", "--from", t("00:00", -1), "--to", t("00:00", 3))
    assert plant.news() == {}


def test_s10_s12_bookings_and_order_events_are_undone_by_their_entries(plant: Plant) -> None:
    """Each undo restores the figures as a new revision, once; master data say where they are taken back."""
    booking = plant.say("POST", "/bookings", BOOKING)["id"]
    plant.say("PUT", "/orders/O1", ORDER)
    start = plant.say("POST", "/orders/O1:start", START)["entry"]
    plant.say("PUT", "/lines/pressing/targets", TARGETS)
    plant.say("PUT", f"/calendars/default/exceptions/{DAY}", EXCEPTION)
    plant.news()
    undone = plant.say("POST", f"/entries/{booking}:undo", {"why": "counted twice"})
    assert undone["affected"] == [{"line": "filling", "production_date": f"{DAY}", "shift": "night"}]
    assert plant.news() == once("booking reversed", "loopback", "filling", "night", machines=("filler",))
    assert plant.say("POST", f"/entries/{start}:undo", {})["items"] == []
    cause = f"order O1: entry {start} undone"
    assert from_day_on(plant.news(), "pressing") == once(cause, "loopback", "pressing", "late", "night")
    for number in (booking, start):
        assert plant.say("POST", f"/entries/{number}:undo", {})["entry"] is None
    query = {"line": "pressing", "from": t("00:00"), "to": t("00:00", 2)}
    items = plant.client.get("/api/v1/entries", params=query).json()["items"]
    written = {i["kind"]: i["entry"] for i in items if i["kind"] in ("targets", "exception", "order")}
    places = {k: plant.client.post(f"/api/v1/entries/{n}:undo").json()["detail"] for k, n in written.items()}
    assert f"DELETE /api/v1/calendars/default/exceptions/{DAY}" in places["exception"]
    assert "PUT /api/v1/lines/pressing/targets" in places["targets"]
    assert "PUT /api/v1/orders/O1" in places["order"]
    assert plant.news() == {}
