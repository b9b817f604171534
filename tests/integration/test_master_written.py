"""Master data by API: exactly the touched shifts get one new revision, as the rehearsal said (S-32, S-51, S-52)."""

import psycopg
import pytest
from master_plant import MONDAY, PLANT, computed, day, master_plant, revisions

from oee.cli.rehearsal_table import rehearsal_table
from oee.compute.master_data import overlaid, rehearse_apply
from oee.compute.service import clock_us
from oee.config.plant import load_plant_text
from oee.store.accounts import Accounts, Role
from oee.store.database import Database
from oee.store.master import Master
from oee.store.times import from_us


@pytest.fixture
def plant(server, template, tmp_path):
    with master_plant(server, template, tmp_path) as (conninfo, client), Database(conninfo) as db:
        yield db, client


def written(plant, method, path, body=None):
    """Rehearse, write, compute: the answer; the shifts revised; and that the rehearsal had named just these."""
    db, client = plant
    known = revisions(client)
    said = client.request(method, f"/api/v1{path}", json=body, params={"dry_run": "true"})
    assert said.status_code == 200, said.text
    assert revisions(client) == known
    computed(db)
    assert revisions(client) == known, "a rehearsal changes nothing"
    answer = client.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == 200, answer.text
    computed(db)
    now = revisions(client)
    revised = {key: got[len(known.get(key, ())) :] for key, got in now.items() if got != known.get(key)}
    told = {(s["line"], s["production_date"], s["shift"]) for s in said.json()["shifts"]}
    assert told == set(revised)
    return answer.json(), revised


def kpi(client, line, date, shift):
    items = client.get(
        "/api/v1/kpis",
        params={"line": line, "from": f"{date}T00:00:00Z", "to": f"{date}T23:59:00Z", "group_by": "shift"},
    ).json()["items"]
    return next(i for i in items if (i["production_date"], i["shift"]) == (date, shift))


def test_s32_a_closed_date_revises_its_shifts_once_and_they_keep_their_identity(plant):
    db, client = plant
    path = f"/calendars/default/exceptions/{day(1)}"
    made = {s: kpi(client, "one", day(1), s)["elements"]["total_count"] for s in ("early", "late")}
    body = {"closed": True, "name": "Flood", "why": "the river came"}
    answer, revised = written(plant, "PUT", path, body)
    assert answer["changed"]
    assert revised == {("one", day(1), s): [(2, "calendar exception", "loopback")] for s in ("early", "late")}
    for shift, count in made.items():
        item = kpi(client, "one", day(1), shift)
        assert item["revision"] == 2
        elements = item["elements"]
        assert (elements["planned_busy_s"], elements["not_scheduled_s"]) == (0, 28_800)
        assert (elements["total_count"], elements["unscheduled_count"]) == (0, count)  # S-13
        assert item["oee"] is None
        assert "parts_unscheduled" in item["flags"]
    (said,) = client.get("/api/v1/calendars/default/exceptions").json()["items"]
    assert (said["date"], said["closed"], said["author"], said["why"]) == (day(1), True, "loopback", "the river came")
    known = revisions(client)
    assert not client.put(f"/api/v1{path}", json=body).json()["changed"]
    computed(db)
    assert revisions(client) == known, "the same again changes nothing"
    _, revised = written(plant, "DELETE", path)
    assert revised == {("one", day(1), s): [(3, "calendar exception", "loopback")] for s in ("early", "late")}
    assert kpi(client, "one", day(1), "early")["elements"]["total_count"] == made["early"]
    assert client.delete(f"/api/v1{path}").status_code == 404


def test_s33_a_moved_shift_revises_itself_and_the_neighbours_that_it_clips(plant):
    _, client = plant
    body = {"shift": "early", "start": "05:00", "end": "15:00", "breaks": []}
    _, revised = written(plant, "PUT", f"/calendars/default/exceptions/{day(2)}", body)
    assert set(revised) == {("one", day(1), "off"), ("one", day(2), "early"), ("one", day(2), "late")}
    assert all(len(r) == 1 and r[0][1:] == ("calendar exception", "loopback") for r in revised.values())
    assert kpi(client, "one", day(2), "early")["elements"]["calendar_s"] == 36_000
    assert kpi(client, "one", day(2), "late")["elements"]["calendar_s"] == 25_200


def test_s23_a_neighbour_whose_standstill_is_cut_is_revised_too(plant):
    """13:55 to 14:02 is a stop of seven minutes; with the late shift cancelled, five minutes are left: a small stop."""
    _, client = plant
    before = kpi(client, "one", day(0), "early")["elements"]
    assert (before["unplanned_stop_s"], before["small_stop_s"]) == (300, 0)
    body = [{"shift": "late", "cancelled": True, "name": "Strike"}]
    _, revised = written(plant, "PUT", f"/calendars/default/exceptions/{day(0)}", body)
    assert set(revised) == {("one", day(0), "early"), ("one", day(0), "late")}
    after = kpi(client, "one", day(0), "early")["elements"]
    assert (after["unplanned_stop_s"], after["small_stop_s"]) == (0, 300)


def test_s54_targets_hold_from_an_instant_on_and_touch_their_line_alone(plant):
    _, client = plant
    body = {"oee": 0.8, "quality": 0.99, "effective": f"{day(1)}T12:00:00Z"}
    answer, revised = written(plant, "PUT", "/lines/one/targets", body)
    assert answer["effective"] == f"{day(1)}T12:00:00+00:00"
    assert {key for key in revised if key[1] <= day(1)} == {("one", day(1), s) for s in ("late", "off")}
    assert {line for line, *_ in revised} == {"one"}
    assert all(len(r) == 1 and r[0][1:] == ("targets changed", "loopback") for r in revised.values())
    assert Master(plant[0]).configs()[-1].plant.lines["one"].targets.oee == 0.8
    assert not client.put("/api/v1/lines/one/targets", json=body).json()["changed"]


def test_s12_a_products_cycle_reaches_back_and_a_new_product_holds_always(plant):
    _, client = plant
    before = kpi(client, "one", day(2), "early")
    body = {"name": "Cola", "unit": "bottle", "ideal_cycle_s": 40, "effective": f"{day(2)}T06:00:00Z"}
    _, revised = written(plant, "PUT", "/products/A", body)
    assert {key for key in revised if key[1] <= day(2)} == {("one", day(2), s) for s in ("early", "late", "off")}
    assert {line for line, *_ in revised} == {"one"}
    assert all(r[-1][1:] == ("product changed", "loopback") for r in revised.values())
    assert kpi(client, "one", day(2), "early")["performance"] == pytest.approx(2 * before["performance"])
    answer = client.put("/api/v1/products/B", json={"ideal_cycle_s": 7, "machines": {"capper": {"ideal_cycle_s": 6}}})
    assert (answer.status_code, answer.json()["effective"]) == (200, "always")
    found = {p["id"]: p for p in client.get("/api/v1/products").json()["items"]}
    assert (found["A"]["ideal_cycle_s"], found["B"]["ideal_cycle_s"]) == (40, 7)


def test_s54_a_plant_file_is_rehearsed_before_it_is_applied(plant):
    db, client = plant
    source = PLANT.replace("ideal_cycle_s: 30", "ideal_cycle_s: 15")
    since_us = (clock_us() // 86_400_000_000) * 86_400_000_000 - 60 * 86_400_000_000
    known = revisions(client)
    found = rehearse_apply(db, source, since_us, clock_us())
    told = {(s.after.instance.line, s.after.instance.production_date, s.after.instance.name) for s in found.shifts}
    assert {line for line, *_ in told} == {"two"}
    assert rehearsal_table(found)[-1].startswith(f"{len(told)} of ")
    computed(db)
    assert revisions(client) == known
    Master(db).apply(source, from_us(since_us), clock_us())
    computed(db)
    assert {key for key, got in revisions(client).items() if got != known.get(key)} == told


def test_s54_what_is_written_stays_over_a_file_that_repeats_itself_and_goes_where_the_file_says_otherwise(plant):
    db, client = plant
    client.put("/api/v1/lines/one/targets", json={"oee": 0.9})
    client.put(f"/api/v1/calendars/default/exceptions/{day(1)}", json={"closed": True})
    Master(db).apply(PLANT.replace("name: Cola,", "name: Cola 0.5,"), None, clock_us())
    configs = Master(db).configs()
    assert configs[-1].plant.lines["one"].targets.oee == 0.9
    assert len(overlaid(load_plant_text(PLANT, "p"), configs[-1].plant)) == 3
    other = PLANT.replace("targets: {oee: 0.75}", "targets: {oee: 0.6}")
    Master(db).apply(
        other.replace("  other:\n", f"    exceptions: [{{date: {day(1)}, shifts: [early]}}]\n  other:\n"),
        None,
        clock_us(),
    )
    plant_now = Master(db).configs()[-1].plant
    assert plant_now.lines["one"].targets.oee == 0.6
    assert [e.shifts for e in plant_now.calendars["default"].exceptions] == [("early",)]


@pytest.mark.parametrize(
    ("path", "body", "status", "pointer", "said"),
    [
        (f"calendars/default/exceptions/{MONDAY}", {"shift": "erly", "cancelled": True}, 422, "/body/shift", "did you"),
        (f"calendars/default/exceptions/{MONDAY}", {"closed": True, "start": "06:00"}, 422, "/body/start", "belongs"),
        (
            f"calendars/default/exceptions/{MONDAY}",
            [{"closed": True}, {"shift": "early", "start": "07:00", "end": "08:00"}],
            422,
            "/body/1",
            "closed",
        ),
        (f"calendars/default/exceptions/{MONDAY}", {"closed": True, "date": "2020-01-01"}, 422, "/body/date", "leave"),
        (f"calendars/default/exceptions/{MONDAY}", 5, 422, "/body", "object"),
        ("calendars/default/exceptions/2026-02-30", {"closed": True}, 422, "/path/production_date", "date"),
        ("calendars/default/exceptions/0001-01-01", {"closed": True}, 422, "/path/production_date", "year"),
        (f"calendars/none/exceptions/{MONDAY}", {"closed": True}, 404, None, "default"),
        ("lines/one/targets", {"oee": 75}, 422, "/body/oee", "0.75"),
        ("lines/one/targets", {"oe": 0.7}, 422, "/body/oe", "did you mean"),
        ("lines/one/targets", {"oee": 0.7, "effective": "2026-01-01"}, 422, "/body/effective", "timestamp"),
        ("lines/none/targets", {"oee": 0.7}, 404, None, "one, two"),
        ("products/A", {"ideal_cycle_s": 0}, 422, "/body/ideal_cycle_s", "more than 0"),
        ("products/A", {"machines": {"filer": {}}}, 422, "/body/machines/filer", "one/filler"),
        (
            "products/A",
            {"machines": {"filler": {"ideal_cycle_s": "x"}}},
            422,
            "/body/machines/one~1filler/ideal_cycle_s",
            "number",
        ),
        ("products/A", {"machines": 3}, 422, "/body/machines", "object"),
        ("products/A", {"name": "a\x00b"}, 422, "/body", "characters"),
    ],
)
def test_what_can_not_be_taken_names_field_and_mend(shared, path, body, status, pointer, said):
    answer = shared.put(f"/api/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    if pointer:
        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


@pytest.fixture(scope="module")
def shared(server, template, tmp_path_factory):
    with master_plant(server, template, tmp_path_factory.mktemp("master"), days=1) as (conninfo, client):
        yield client
        with psycopg.connect(conninfo) as conn:
            assert conn.execute("SELECT count(*) FROM entry").fetchone() == (0,), "what is refused leaves nothing"


ALL = ("products/A", "lines/one/targets", f"calendars/default/exceptions/{MONDAY}")
MAY = [
    (Role.VIEWER, None, ()),
    (Role.SUPERVISOR, None, ()),
    (Role.MES, None, ("products/A",)),
    (Role.ENGINEER, None, ALL),
    (Role.ADMIN, "write", ALL),
    (Role.ENGINEER, "read", ()),
]


def test_who_may_write_what(server, template, tmp_path):
    bodies = {"products/A": {"ideal_cycle_s": 20}, "lines/one/targets": {"oee": 0.75}}
    with master_plant(server, template, tmp_path, days=1) as (conninfo, client), Database(conninfo) as db:
        keys = [Accounts(db).add_key("somebody", role, (scope,) if scope else ()) for role, scope, _ in MAY]
        for key, (role, scope, allowed) in zip(keys, MAY, strict=True):
            for path in ALL:
                asked = {"json": bodies.get(path, {"closed": True}), "headers": {"Authorization": f"Bearer {key}"}}
                answer = client.put(f"/api/v1/{path}", params={"dry_run": "true"}, **asked)
                assert answer.status_code == (200 if path in allowed else 403), (role, scope, path)
