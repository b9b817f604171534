"""Orders by the API, over HTTP and a real database: figures, revisions with cause and author, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from main_job import module_database, oee, served
from psycopg.conninfo import conninfo_to_dict

from oee.compute.orders import undo_event
from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.entries import one_entry
from oee.store.master import CACHE_S, Master

PLANT = """\
version: 1
plant: {id: acme, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts: {early: {start: "06:00", end: "14:00"}, late: {start: "14:00", end: "22:00"}}
    week: {mon: [early, late], tue: [early, late], wed: [early, late], thu: [early, late], fri: [early, late]}
products: {A: {ideal_cycle_s: 10}, B: {ideal_cycle_s: 20}, C: {}}
lines:
  l1:
    calendar: default
    machines:
      m:
        max_age_s: null
        signals:
          state: {profile: packml}
          good: {counter: {}}
  l2:
    calendar: default
    machines:
      n: {signals: {state: {profile: packml}, order: {}}}
policies: {lateness_s: 900}
"""
TODAY = datetime.now(UTC).date()
DAY = next(day for day in (TODAY - timedelta(days=n) for n in range(7, 14)) if day.weekday() == 0)
"""A Monday one to two weeks ago: raw samples are kept."""


def t(clock: str, day: int = 0) -> str:
    return f"{DAY + timedelta(days=day)}T{clock}:00Z"


def rows() -> list[str]:
    """Runs 06:00–22:00 with a part each 20 s, less 08:00–08:30 and 10:00–11:00, in which it is Stopped."""
    said, made, running = [], 0, True
    edges = ["06:00", "08:00", "08:30", "10:00", "11:00", "22:00"]
    for start, end in zip(edges, [*edges[1:], "22:00"], strict=True):
        state = ("6" if running else "2") if start != "22:00" else "2"
        said += [f"{t(start)},m,state,{state}", f"{t(start)},m,good,{made}"]
        length = datetime.strptime(end, "%H:%M") - datetime.strptime(start, "%H:%M")  # noqa: DTZ007 - a difference
        made += int(length.total_seconds()) // 20 if running else 0
        running = not running
    return said


class Played:
    """A plant with its day imported, and a client of the application."""

    def __init__(self, db: Database, client: httpx.Client, folder: Path) -> None:
        self.db, self.service, self.client, self.folder = db, ComputeService(db), client, folder

    def oee(self, *words: str | Path) -> str:
        """Run a command over the test's database; what it prints."""
        done = oee(*words, database=self.db.conninfo, data_dir=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, old: str, new: str, at: str) -> None:
        """Apply the plant file with one change, from an instant on."""
        assert old in PLANT
        Master(self.db).apply(PLANT.replace(old, new), datetime.fromisoformat(at), clock_us())
        self.recompute()

    def recompute(self) -> int:
        return self.service.recompute().shifts

    def put(self, order: str, product: str, **more: Any) -> httpx.Response:
        return self.client.put(f"/api/v1/orders/{order}", json={"line": "l1", "product": product, **more})

    def say(self, order: str, event: str, clock: str | None = None, **more: Any) -> httpx.Response:
        body = more if clock is None else {"ts": t(clock), **more}
        return self.client.post(f"/api/v1/orders/{order}:{event}", json=body)

    def kpis(self, group: str, start: str = "06:00", end: str = "22:00", **more: str) -> list[dict[str, Any]]:
        query = {"line": "l1", "from": t(start), "to": t(end), "group_by": group, **more}
        answer = self.client.get("/api/v1/kpis", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def revisions(self) -> list[tuple[str, str, int, str, str | None]]:
        query = {"since": "2020-01-01T00:00:00Z", "line": "l1", "limit": "1000"}
        items = self.client.get("/api/v1/revisions", params=query).json()["items"]
        mine = [i for i in items if i["machine"] is None and i["production_date"] == str(DAY)]
        return [(i["shift"], i["revision"], i["cause"], i["author"]) for i in mine if i["shift"] in ("early", "late")]


@pytest.fixture(scope="module")
def filled(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A database with the plant and its day in it, which the tests' databases are copied from."""
    folder = tmp_path_factory.mktemp("orders")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "day.csv").write_text("\n".join(["ts,machine,signal,value", *rows(), ""]), encoding="utf-8")
    with module_database(server, template) as whole:
        for command in (["apply", folder / "plant.yaml"], ["import", folder / "day.csv"], ["recompute"]):
            done = oee(*command, database=whole, data_dir=folder)
            assert done.returncode == 0, done.stderr
        yield conninfo_to_dict(whole)["dbname"], folder


@pytest.fixture
def play(server: str, filled: tuple[str, Path]) -> Iterator[Played]:
    with (
        module_database(server, filled[0]) as database,
        Database(database) as db,
        served(database) as client,
    ):
        yield Played(db, client, filled[1])


def good(row: dict[str, Any]) -> int:
    return int(row["elements"]["good_count"])


ONCE = [("early", 1, "shift closed", None), ("late", 1, "shift closed", None)]


def test_s12_orders_started_in_the_past_give_rows_that_sum_and_one_revision_each(play: Played) -> None:
    """O1 of A 06:00–10:00, O2 of B 11:00–16:00; 10:00–11:00 it stands: the changeover of O2 (S-25)."""
    played = play
    assert sorted(played.revisions()) == ONCE
    assert played.put("O1", "A", quantity=500, name="first").json()["status"] == "planned"
    assert played.put("O2", "B").status_code == 200
    for order, event, clock in (("O1", "start", "06:00"), ("O1", "finish", "10:00")):
        assert played.say(order, event, clock).status_code == 200
    for event, clock in (("start", "11:00"), ("finish", "16:00")):
        answer = played.say("O2", event, clock)
        assert answer.status_code == 200, answer.text
    assert played.recompute() > 0
    entry = answer.json()["entry"]
    again = [("early", 2, f"order O2 finished (entry {entry})", "loopback")]
    again += [("late", 2, f"order O2 finished (entry {entry})", "loopback")]
    assert sorted(played.revisions()) == sorted([*ONCE, *again])
    assert played.recompute() == 0
    by_order = {r["order"]: r for r in played.kpis("order")}
    assert {name: good(r) for name, r in by_order.items()} == {"O1": 630, "O2": 900, None: 1080}
    seconds = {name: r["elements"]["calendar_s"] for name, r in by_order.items()}
    assert seconds == {"O1": 4 * 3600, "O2": 6 * 3600, None: 6 * 3600}
    assert by_order["O2"]["elements"]["setup_s"] == 3600
    assert by_order["O1"]["elements"]["ideal_good_s"] == 6300
    assert by_order["O1"]["performance"] == 0.5
    by_product = {r["product"]: r for r in played.kpis("product")}
    assert {name: good(r) for name, r in by_product.items()} == {"A": 630, "B": 1980}
    (whole,) = played.kpis("none")
    for rows_ in (by_order, by_product):
        for name, value in whole["elements"].items():
            if value is not None:
                assert sum(r["elements"][name] for r in rows_.values()) == pytest.approx(value), name
    early = played.kpis("shift")[0]
    assert early["oee"] == pytest.approx((630 * 10 + 540 * 20) / 28800)
    told = played.client.get("/api/v1/orders/O1").json()
    assert (told["status"], told["made_count"], told["quantity"]) == ("finished", 630, 500)
    assert [i["id"] for i in played.client.get("/api/v1/orders", params={"line": "l1"}).json()["items"]] == ["O2", "O1"]


def test_s51_replay_of_the_same_events_answers_the_same_entry_and_revises_nothing(play: Played) -> None:
    played = play
    first = played.put("O1", "A").json()["entry"]
    assert played.put("O1", "A").json()["entry"] == first
    start, finish = played.say("O1", "start", "07:00").json(), played.say("O1", "finish", "09:00").json()
    played.recompute()
    before = played.revisions()
    assert [r[1] for r in sorted(before)] == [1, 2, 1, 2], "the product stays after the order"
    assert played.say("O1", "start", "07:00").json()["entry"] == start["entry"]
    assert played.say("O1", "finish", "09:00").json()["entry"] == finish["entry"]
    assert played.say("O1", "finish").json()["entry"] == finish["entry"]
    assert played.recompute() == 0
    assert played.revisions() == before
    played.oee("import", played.folder / "day.csv")
    played.recompute()
    assert played.revisions() == before


def test_a_start_ends_what_runs_and_an_order_goes_on_after_its_pause(play: Played) -> None:
    played = play
    played.put("O1", "A"), played.put("O2", "A")
    played.say("O1", "start", "06:00")
    assert played.say("O1", "start").status_code == 200
    played.say("O2", "start", "07:00")
    assert played.client.get("/api/v1/orders/O1").json()["status"] == "paused"
    assert played.say("O2", "pause", "12:00").json()["status"] == "paused"
    assert played.say("O1", "start", "13:00").json()["status"] == "running"
    assert played.say("O1", "finish", "14:00").json()["status"] == "finished"
    played.recompute()
    assert {r["order"]: good(r) for r in played.kpis("order")} == {"O1": 360, "O2": 630, None: 1620}
    found = played.client.get("/api/v1/orders", params={"status": "finished"}).json()["items"]
    assert [i["id"] for i in found] == ["O1"]


def test_the_states_of_an_order_refuse_what_does_not_fit(play: Played) -> None:
    played = play
    played.put("O1", "A")
    refused = [played.say("O1", "pause", "06:00"), played.say("O1", "finish", "06:00")]
    played.say("O1", "start", "06:00")
    refused += [played.say("O1", "start", "06:30"), played.put("O1", "B")]
    played.say("O1", "pause", "07:00")
    refused += [played.say("O1", "pause", "07:30"), played.say("O1", "finish", "06:30")]
    played.say("O1", "finish", "08:00")
    refused += [played.say("O1", "start", "09:00"), played.say("O1", "finish", "09:00")]
    for answer in refused:
        assert answer.status_code == 409, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert "undo entry" in refused[-1].json()["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"line": "l1", "product": "Ax"}, "there is no product 'Ax'; did you mean `A`"),
        ({"line": "l9", "product": "A"}, "there is no line 'l9'; lines here: l1, l2"),
        ({"line": "l1", "product": "A", "machine": "x"}, "line 'l1' has no machine 'x'; it has: m"),
        ({"line": "l1", "product": "A", "quantity": 0}, "quantity"),
        ({"line": "l1", "product": "A", "speed": 1}, "speed"),
        ({"line": "l1"}, "product"),
    ],
)
def test_what_the_plant_does_not_know_is_refused_with_its_mend(play: Played, body: dict[str, Any], said: str) -> None:
    answer = play.client.put("/api/v1/orders/O1", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_events_that_cannot_be_are_refused_with_their_mend(play: Played) -> None:
    played = play
    played.put("O1", "A")
    ahead = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    gone = (datetime.now(UTC) - timedelta(days=401)).isoformat()
    for ts, said in ((ahead, "future"), (gone, "kept for 400 days"), ("2026-03-02T06:00:00", "offset")):
        answer = played.client.post("/api/v1/orders/O1:start", json={"ts": ts})
        assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
    assert played.say("O9", "start").status_code == 404
    assert "is of line 'l1'" in played.say("O1", "start", "06:00", line="l2").json()["detail"]
    played.put("O2", "A", line="l2")
    signal = played.say("O2", "start", "06:00")
    assert (signal.status_code, "signal `order`" in signal.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("policy", "element"),
    [("excluded", "excluded_s"), ("planned_stop", "planned_stop_s"), ("external_stop", "external_stop_s")],
)
def test_no_order_the_machines_idle_time_is_what_the_policy_says(play: Played, policy: str, element: str) -> None:
    """From the first start on: 08:00–08:30 before it stays unplanned, 10:00–11:00 without an order does not."""
    played = play
    played.apply("lateness_s: 900", f"no_order: {policy}", t("06:00"))
    played.put("O1", "A")
    played.say("O1", "start", "09:00")
    played.say("O1", "finish", "09:30")
    played.recompute()
    e = played.kpis("shift")[0]["elements"]
    assert (e["unplanned_stop_s"], e[element], e["run_s"]) == (1800, 3600, 6.5 * 3600)


@pytest.mark.parametrize(
    ("changeover", "told"), [("planned_stop", (0, 3600)), ("unplanned_stop", (3600, 0)), ("none", (3600, 0))]
)
def test_s25_a_changeover_is_what_the_policy_says(play: Played, changeover: str, told: tuple[int, int]) -> None:
    played = play
    played.apply("lateness_s: 900", f"changeover: {changeover}", t("06:00"))
    played.put("O1", "A"), played.put("O2", "B")
    played.say("O1", "start", "09:00")
    played.say("O2", "start", "11:00")
    played.recompute()
    rows_ = {r["order"]: r["elements"] for r in played.kpis("order", "09:00", "12:00")}
    whole = played.kpis("none", "09:00", "12:00")[0]["elements"]
    assert (whole["unplanned_stop_s"], whole["setup_s"]) == told
    assert rows_["O2"]["calendar_s"] == (3600 if changeover == "none" else 7200)


def test_an_undone_event_restores_the_figures(play: Played) -> None:
    """What the undo of an entry does for an order's event: the mark, in the transaction that undoes it."""
    played = play
    before = played.kpis("shift")[0]
    played.put("O1", "B")
    number = played.say("O1", "start", "06:00").json()["entry"]
    played.recompute()
    assert (before["elements"]["ideal_good_s"], played.kpis("shift")[0]["elements"]["ideal_good_s"]) == (None, 23400)
    with played.db.transaction() as conn:
        entry, holds = one_entry(conn, number)
        assert holds
        undo_event(conn, entry, "boss", 1, "wrong line")
    played.recompute()
    after = played.kpis("shift")[0]
    assert (after["revision"], after["elements"]) == (3, before["elements"])
    assert [r[2:] for r in played.revisions() if r[1] == 3] == [(f"order O1: entry {number} undone", "boss")] * 2


def test_an_order_told_after_the_last_sample_owns_the_time_from_then_on(play: Played) -> None:
    played = play
    played.put("O1", "A")
    played.client.post("/api/v1/orders/O1:start", json={"ts": t("07:00", 1)})
    played.recompute()
    start, end = t("06:00", 1), t("08:00", 1)
    found = played.client.get("/api/v1/kpis", params={"line": "l1", "from": start, "to": end, "group_by": "order"})
    assert {r["order"]: r["elements"]["calendar_s"] for r in found.json()["items"]} == {"O1": 3600, None: 3600}


def test_s12_a_cycle_that_changes_inside_a_shift_judges_parts_as_they_are_made(play: Played) -> None:
    """From 12:00:30 on 28,000 parts an hour: exactly the shifts that end after it have one revision more."""
    played = play
    played.put("O1", "A")
    played.say("O1", "start", "06:00")
    played.recompute()
    before = {r[0]: r[1] for r in sorted(played.revisions())}
    played.apply("A: {ideal_cycle_s: 10}", "A: {ideal_rate_per_h: 28000}", f"{DAY}T12:00:30Z")
    assert {r[0]: r[1] for r in sorted(played.revisions())} == {s: n + 1 for s, n in before.items()}
    early, late = played.kpis("shift")[:2]
    # 06:00–08:00, 08:30–10:00, 11:00–12:00:30: 811 parts of 10 s (the 812th half done); then 359 of 3600/28000 s.
    assert early["elements"]["total_count"] == 1170
    assert early["elements"]["ideal_total_s"] == pytest.approx(811 * 10 + 359 * 3600 / 28000, abs=1e-6)
    assert late["elements"]["ideal_total_s"] == pytest.approx(1440 * 3600 / 28000, abs=1e-6)
    assert early["definition"] != late["definition"]
    time.sleep(CACHE_S)  # the service asks for another configuration twice a second
    hours = {i["start"][11:16]: i["elements"] for i in played.kpis("hour", "11:00", "14:00")}
    assert hours["11:00"]["ideal_total_s"] == 1800
    assert hours["12:00"]["ideal_total_s"] == pytest.approx(10 + 179 * 3600 / 28000, abs=1e-6)
    (product,) = played.kpis("product", "06:00", "14:00")
    assert product["elements"] == early["elements"]


def test_s51_the_cycle_of_a_product_that_was_not_made_revises_nothing(play: Played) -> None:
    played = play
    played.put("O1", "A")
    played.say("O1", "start", "06:00")
    played.recompute()
    before = played.revisions()
    played.apply("B: {ideal_cycle_s: 20}", "B: {ideal_cycle_s: 3}", t("06:00"))
    assert played.revisions() == before


def test_late_data_keep_the_cause_of_the_entry_that_waits(play: Played) -> None:
    played = play
    played.put("O1", "B")
    entry = played.say("O1", "start", "15:00").json()["entry"]
    played.folder.joinpath("late.csv").write_text(f"ts,machine,signal,value\n{t('16:00')},m,state,6\n")
    played.oee("import", played.folder / "late.csv")
    played.recompute()
    assert [r[2:] for r in played.revisions() if r[1] == 2] == [(f"order O1 started (entry {entry})", "loopback")]


@pytest.mark.parametrize("role", ["viewer", "mes"])
def test_who_may_write_orders(play: Played, role: str) -> None:
    played = play
    key = played.oee("key", "add", "k", "--role", role).split()[-1]
    head = {"Authorization": f"Bearer {key}"}
    answer = played.client.put("/api/v1/orders/O1", json={"line": "l1", "product": "A"}, headers=head)
    assert answer.status_code == (200 if role == "mes" else 403)
    assert played.client.get("/api/v1/orders", headers=head).status_code == 200
