"""Corrections of stops: rows in, an entry through the API, a new revision of exactly the touched shifts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from corrections_fixture import SHIFT, Corrected, at, corrected, stamp, stop_at
from psycopg.errors import RaiseException

from oee.compute.service import Only, mark_again
from oee.store.accounts import Accounts, Role
from oee.store.database import Database

# Stops: 06:20-06:30, 06:40-06:50, and 07:50-08:20 over the change of shifts; 06:35-06:39 is a small stop.
MORNING = (
    "06:00 state RUN",
    "06:00 good 0",
    "06:20 state DOWN",
    "06:30 state RUN",
    "06:35 state DOWN",
    "06:39 state RUN",
    "06:40 state DOWN",
    "06:50 state RUN",
    "07:50 state DOWN",
    "08:20 state RUN",
    "10:00 good 5000",
    "10:00 state RUN",
)
FIRST = [("early", 1, "shift closed", None), ("late", 1, "shift closed", None)]
JAMMED, ACROSS = stop_at("06:20"), stop_at("07:50")


@pytest.fixture
def plant(db: Database, tmp_path: Path) -> Any:
    with corrected(db, tmp_path, *MORNING) as made:
        assert made.revisions() == FIRST
        yield made


def test_s25_s51_a_reason_makes_one_revision_of_the_shift_it_touches_and_fills_all_of_the_stop(
    plant: Corrected,
) -> None:
    answer = plant.say(JAMMED, reason="CLEAN", note="spilled")
    assert (answer["category"], answer["reason"], answer["reason_name"]) == ("planned_stop", "CLEAN", "Cleaning")
    assert (answer["reason_by"], answer["note"], answer["length_s"]) == ("loopback", "spilled", 600.0)
    assert answer["affected"] == [{"line": "line-1", "production_date": "2026-03-02", "shift": "early"}]
    assert plant.revisions() == [*FIRST[:1], ("early", 2, "stop reason", "loopback"), FIRST[1]]
    early = plant.shift("early")
    assert (early["elements"]["planned_stop_s"], early["elements"]["unplanned_stop_s"]) == (600.0, 1200.0)
    assert (early["revision"], early["elements"]["stop_count"], early["flags"]) == (2, 2, ["corrected"])
    assert ("06:20:00", "planned_stop", "CLEAN") in plant.intervals()
    listed = {s["id"]: s for s in plant.stops()}
    assert listed[JAMMED]["note"] == "spilled"
    assert {k: v for k, v in answer.items() if k in listed[JAMMED]} == listed[JAMMED]


def test_s51_the_same_again_makes_no_entry_and_recomputing_everything_no_revision(plant: Corrected) -> None:
    first = plant.say(JAMMED, reason="JAM")
    revisions = plant.revisions()
    assert (first["entry"], plant.say(JAMMED, reason="JAM")["entry"]) == (1, None)
    assert plant.say(JAMMED, reason="JAM", note="belt")["entry"] == 2
    assert plant.say(JAMMED, note="belt")["entry"] is None
    plant.rows(*MORNING)
    plant.restart()
    plant.compute.recompute()
    assert plant.revisions() == revisions, "neither the repetition nor the note nor a replay makes one"


def test_s51_undo_restores_the_figures_exactly_as_a_new_revision(plant: Corrected) -> None:
    number = plant.say(ACROSS, reason="SETUP")["entry"]
    undone = plant.ask("POST", f"/entries/{number}:undo", {"why": "wrong stop"})
    assert [s["reason"] for s in undone["items"]] == [None]
    assert plant.revisions() == [
        FIRST[0],
        ("early", 2, "stop reason", "loopback"),
        ("early", 3, "undo of stop reason", "loopback"),
        FIRST[1],
        ("late", 2, "stop reason", "loopback"),
        ("late", 3, "undo of stop reason", "loopback"),
    ]
    documents = plant.documents()
    for shift in ("early", "late"):
        for machine in (None, "filler"):
            assert documents[shift, machine, 1] == documents[shift, machine, 3] != documents[shift, machine, 2]
    assert plant.ask("POST", f"/entries/{number}:undo")["entry"] is None
    assert plant.say(ACROSS, reason="SETUP")["entry"] is not None, "what was undone can be said again"


def test_s51_a_reason_given_and_taken_back_reads_as_if_it_had_never_been(plant: Corrected) -> None:
    plant.say(JAMMED, reason="SUPPLY")
    assert plant.say(JAMMED, reason=None)["reason"] is None
    documents = plant.documents()
    assert documents["early", None, 1] == documents["early", None, 3]
    assert plant.say(JAMMED, reason=None)["entry"] is None


def test_s52_a_stop_across_two_shifts_revises_both_and_hours_sum_to_the_shift(plant: Corrected) -> None:
    answer = plant.say(ACROSS, reason="CLEAN")
    assert [a["shift"] for a in answer["affected"]] == ["early", "late"]
    assert [r[:3] for r in plant.revisions() if r[1] == 2] == [("early", 2, "stop reason"), ("late", 2, "stop reason")]
    hours, shifts = plant.kpis("hour"), plant.kpis()
    for element in ("planned_stop_s", "unplanned_stop_s", "small_stop_s", "run_s", "stop_count", "total_count"):
        assert sum(h["elements"][element] for h in hours) == sum(s["elements"][element] for s in shifts), element
    assert [s["elements"]["planned_stop_s"] for s in shifts] == [600.0, 1200.0]


def test_s23_a_small_stop_takes_a_reason_and_only_a_planned_one_lifts_it(plant: Corrected) -> None:
    small = stop_at("06:35")
    answer = plant.say(small, reason="JAM")
    assert (answer["category"], answer["reason"]) == ("small_stop", "JAM")
    assert plant.shift("early")["elements"]["small_stop_s"] == 240.0
    assert ("06:35:00", "small_stop", "JAM") in plant.intervals()
    plant.say(small, reason="CLEAN")
    e = plant.shift("early")["elements"]
    assert (e["small_stop_s"], e["planned_stop_s"], e["stop_count"]) == (0.0, 240.0, 3)


def test_s24_a_reason_leaves_a_break_in_the_stop_alone(db: Database, tmp_path: Path) -> None:
    with corrected(db, tmp_path, "06:00 state RUN", "06:50 state DOWN", "07:20 state RUN", "10:00 state RUN") as plant:
        plant.say(stop_at("06:50"), reason="CLEAN")
        e = plant.shift("early")["elements"]
        assert (e["planned_stop_s"], e["excluded_s"]) == (1200.0, 600.0)
        assert ("07:00:00", "excluded", "break") in [(a, c, "break") for a, c, _ in plant.intervals()]


def test_s24_split_and_merge_change_how_stops_are_listed_and_counted(plant: Corrected) -> None:
    halves = plant.ask("POST", f"/stops/{JAMMED}/split", {"at": stamp("06:24")})
    assert [(s["id"], s["length_s"], s["counted"]) for s in halves["items"]] == [
        (JAMMED, 240.0, True),
        (stop_at("06:24"), 360.0, True),
    ]
    assert plant.ask("POST", f"/stops/{JAMMED}/split", {"at": stamp("06:24")})["entry"] is None
    plant.say(stop_at("06:24"), reason="CLEAN")
    e = plant.shift("early")["elements"]
    assert (e["stop_count"], e["unplanned_stop_s"], e["planned_stop_s"]) == (3, 1440.0, 360.0)
    ids = [JAMMED, stop_at("06:24"), stop_at("06:40")]
    merged = plant.ask("POST", "/stops:merge", {"stops": ids, "reason": "JAM"})
    assert (merged["id"], merged["end"], merged["reason"]) == (JAMMED, stamp("06:50"), "JAM")
    assert plant.ask("POST", "/stops:merge", {"stops": ids, "reason": "JAM"})["entry"] is None
    assert [s["id"] for s in plant.stops()] == [JAMMED, ACROSS]
    e = plant.shift("early")["elements"]
    assert (e["stop_count"], e["closed_stop_count"], e["run_s"]) == (2, 1, 7200.0 - 600 - 600 - 240 - 600)
    assert plant.revisions()[3] == ("early", 4, "stops merged", "loopback")


def test_s24_stops_merged_across_shifts_count_once_and_undo_restores_both(plant: Corrected) -> None:
    answer = plant.ask("POST", "/stops:merge", {"stops": [stop_at("06:40"), ACROSS]})
    assert [a["shift"] for a in answer["affected"]] == ["early", "late"]
    early, late = (plant.shift(name)["elements"] for name in ("early", "late"))
    assert (early["stop_count"], early["closed_stop_count"], late["closed_stop_s"]) == (2, 1, 2400.0)
    assert [s["id"] for s in plant.stops("08:00", "09:00")] == [stop_at("06:40")], "whole, however little is asked for"
    plant.ask("POST", f"/entries/{answer['entry']}:undo")
    documents = plant.documents()
    assert all(documents[shift, None, 1] == documents[shift, None, 3] for shift in ("early", "late"))


def test_s24_late_data_move_the_edges_of_a_stop_and_its_reason_goes_with_them(plant: Corrected) -> None:
    plant.say(JAMMED, reason="CLEAN")
    plant.rows("06:15 state DOWN", "06:28 state RUN")
    [stop] = plant.stops("06:00", "06:34")
    assert (stop["start"], stop["end"], stop["reason"]) == (stamp("06:15"), stamp("06:28"), "CLEAN")
    early = plant.shift("early")
    assert (early["elements"]["planned_stop_s"], early["revision"]) == (780.0, 3)
    assert plant.revisions()[2][2] == "late data"


def test_s51_late_data_in_one_of_two_merged_stops_revise_the_shift_of_the_other(db: Database, tmp_path: Path) -> None:
    rows = ("06:00 state RUN", "07:40 state DOWN", "07:50 state RUN", "08:10 state DOWN", "08:20 state RUN")
    with corrected(db, tmp_path, *rows, "10:00 state RUN") as plant:
        plant.ask("POST", "/stops:merge", {"stops": [stop_at("07:40"), stop_at("08:10")]})
        assert [s["elements"]["closed_stop_count"] for s in plant.kpis()] == [0, 1]
        plant.rows("08:10:05 state RUN")  # the second one was but a slow cycle
        assert [s["elements"]["closed_stop_count"] for s in plant.kpis()] == [1, 0]
        assert [r[:3] for r in plant.revisions() if r[1] == 3] == [("early", 3, "late data"), ("late", 3, "late data")]
        with db.transaction() as conn:
            conn.execute(b"UPDATE ledger SET input_version = input_version + 1")
        revised = plant.revisions()
        plant.compute.recompute()
        assert plant.revisions() == revised, "what stands is what a full computation says"


def test_s25_s50_a_reason_on_an_open_stop_shows_live_and_holds_to_its_end(db: Database, tmp_path: Path) -> None:
    with corrected(db, tmp_path, "06:00 state RUN", "06:20 state DOWN", "06:39 good 0", now="06:40") as plant:
        plant.compute.tick()
        answer = plant.say(JAMMED, reason="CLEAN")
        assert (answer["open"], answer["reason"], answer["end"]) == (True, "CLEAN", None)
        plant.now_us = at("06:45")
        plant.compute.tick()
        live = plant.shift("early")
        assert (live["status"], live["elements"]["planned_stop_s"]) == ("live", 1500.0)
        assert plant.say(JAMMED, reason="CLEAN")["entry"] is None
        plant.now_us = at("12:00")
        plant.rows("07:30 state RUN", "07:40 state DOWN", "10:00 state RUN")
        e = plant.shift("early")["elements"]
        assert (e["planned_stop_s"], e["unplanned_stop_s"], e["stop_count"]) == (3600.0, 1200.0, 1)
        assert plant.revisions()[0] == ("early", 1, "shift closed", None)


def test_s24_report_and_page_tell_the_reason(plant: Corrected) -> None:
    plant.say(ACROSS, reason="SUPPLY")
    report = plant.ask("GET", SHIFT.removeprefix("/api/v1") + "/early/report", format="json")
    assert "SUPPLY" in str(report)
    assert report["kpi"]["flags"] == ["corrected"] if "kpi" in report else "corrected" in str(report)
    for path in ("/lines/line-1/shifts/2026-03-02/early", f"{SHIFT}/early/report?format=html"):
        page = plant.text(path)
        assert "No material" in page
        assert "People corrected this shift" in page


REFUSED: tuple[tuple[str, str, dict[str, Any], int, str], ...] = (
    ("PATCH", f"/stops/{JAMMED}", {"reason": "NOPE"}, 422, "MECH, JAM, CLEAN, SETUP, SUPPLY"),
    ("PATCH", f"/stops/{JAMMED}", {"reason": "PAUSE"}, 422, "excluded"),
    ("PATCH", f"/stops/{JAMMED}", {}, 422, "say a reason or a note"),
    ("PATCH", f"/stops/{JAMMED}", {"reasn": "JAM"}, 422, "reasn"),
    ("PATCH", f"/stops/{JAMMED}", {"note": "\u0000"}, 422, "characters"),
    ("PATCH", f"/stops/{stop_at('06:25')}", {"reason": "JAM"}, 404, "06:20"),
    ("PATCH", f"/stops/{stop_at('09:00')}", {"reason": "JAM"}, 404, "no stop"),
    ("PATCH", "/stops/line-1~nobody~1", {"reason": "JAM"}, 404, "nobody"),
    ("PATCH", "/stops/1", {"reason": "JAM"}, 404, "no stop"),
    ("PATCH", f"/stops/line-1~filler~{10**15 * 9}", {"reason": "JAM"}, 404, "no stop"),
    ("POST", f"/stops/{JAMMED}/split", {"at": stamp("06:30")}, 422, "lasts from"),
    ("POST", f"/stops/{JAMMED}/split", {"at": stamp("06:20")}, 422, "lasts from"),
    ("POST", f"/stops/{stop_at('06:35')}/split", {"at": stamp("06:36")}, 422, "small stop"),
    ("POST", "/stops:merge", {"stops": [JAMMED, ACROSS]}, 422, "06:40"),
    ("POST", "/stops:merge", {"stops": [JAMMED, JAMMED]}, 422, "two stops"),
    ("POST", "/stops:merge", {"stops": [JAMMED]}, 422, "stops"),
    ("POST", "/stops:merge", {"stops": [JAMMED, stop_at("06:35")]}, 422, "small stop"),
    ("POST", "/entries/77:undo", {}, 404, "77"),
)


def test_what_can_not_be_taken_is_refused_with_the_mend_and_leaves_nothing(plant: Corrected) -> None:
    for method, path, body, status, said in REFUSED:
        assert said in plant.ask(method, path, body, status)["detail"], (path, body)
    asked = {"line": "line-1", "from": stamp("06:00"), "to": stamp("10:00")}
    assert plant.ask("GET", "/entries", **asked)["items"] == []
    assert plant.revisions() == FIRST


def test_s51_the_record_tells_who_said_what_and_what_was_undone(plant: Corrected) -> None:
    plant.say(JAMMED, reason="JAM", note="belt")
    plant.ask("POST", "/entries/1:undo", {"why": "was the capper"})
    asked = {"line": "line-1", "from": stamp("06:00"), "to": stamp("08:00")}
    page = plant.ask("GET", "/entries", **asked, limit="1")
    rest = plant.ask("GET", "/entries", **asked, limit="1", cursor=page["next"])
    (said,), (undo,) = page["items"], rest["items"]
    assert rest["next"] is None
    assert plant.ask("GET", "/entries", **asked) == {"items": [said, undo], "next": None}
    assert (said["kind"], said["said"], said["author"], said["undone"], said["undone_by"]) == (
        "reason",
        {"reason": "JAM", "note": "belt"},
        "loopback",
        True,
        2,
    )
    assert (said["start"], said["end"], said["machine"]) == (stamp("06:20"), stamp("06:30"), "filler")
    assert (undo["kind"], undo["undoes"], undo["why"], undo["undone"]) == ("undo", 1, "was the capper", False)
    assert "enter anew what entry 1 said" in plant.ask("POST", "/entries/2:undo", status=422)["detail"]
    with pytest.raises(RaiseException, match="stays"), plant.db.transaction() as conn:
        conn.execute(b"DELETE FROM entry")


def test_only_those_who_may_correct_do_and_their_name_stands_beside_it(plant: Corrected) -> None:
    accounts = Accounts(plant.db)
    viewer = accounts.add_key("looks", Role.VIEWER, ())
    reads = accounts.add_key("reads", Role.MES, ("read",))
    plant.key = reads
    plant.say(JAMMED, 403, reason="JAM")
    plant.key = viewer
    plant.say(JAMMED, 403, reason="JAM")
    plant.ask("POST", "/stops:merge", {"stops": [JAMMED, ACROSS]}, 403)
    plant.key = None
    plant.say(JAMMED, 401, reason="JAM")
    for role in (Role.SUPERVISOR, Role.ENGINEER, Role.ADMIN, Role.MES):
        plant.key = accounts.add_key(f"{role}-key", role, ("read", "write"))
        assert plant.say(JAMMED, note=f"by {role}")["entry"] is not None
    assert plant.say(JAMMED, reason="JAM")["reason_by"] == "mes-key"
    assert plant.revisions()[1] == ("early", 2, "stop reason", "mes-key")


def test_the_service_describes_its_bodies_with_examples(plant: Corrected) -> None:
    document = json.loads(plant.text("/openapi.json"))
    page = plant.text("/docs")
    for path, method, name in (
        ("/stops/{stop}", "patch", "StopSaid"),
        ("/stops/{stop}/split", "post", "StopSplit"),
        ("/stops:merge", "post", "StopsMerged"),
    ):
        body = document["paths"][f"/api/v1{path}"][method]["requestBody"]["content"]["application/json"]["schema"]
        assert body["$ref"].endswith(f"/{name}")
        assert document["components"]["schemas"][name]["examples"]
        assert f'<a href="#{name}">' in page
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


def test_s51_causes_that_wait_for_one_revision_are_told_together(
    plant: Corrected, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(plant.compute, "recompute", lambda: None)
        plant.say(JAMMED, reason="CLEAN")
        plant.ask("POST", f"/stops/{JAMMED}/split", {"at": stamp("06:25")})
    plant.compute.recompute()
    assert plant.revisions()[1] == ("early", 2, "stop reason; stop split", "loopback")


def test_a_parameter_that_a_change_does_not_know_is_refused_and_changes_nothing(plant: Corrected) -> None:
    refused = plant.ask("PATCH", f"/stops/{JAMMED}", {"reason": "CLEAN"}, 422, dry_run="true")
    assert refused["detail"] == "dry_run: is not a parameter of this address; it takes none."
    refused = plant.say(JAMMED, 422, reason_code="CLEAN")
    assert "reason_code: is no field of this body; it takes reason, note." in refused["detail"]
    assert plant.revisions() == FIRST


def test_recompute_of_a_range_closes_only_its_shifts(plant: Corrected) -> None:
    lines, late = ["line-1"], (at("08:00"), at("09:00"))
    plant.say(JAMMED, reason="CLEAN")
    mark_again(plant.db, lines, at("06:00"), at("10:00"))
    done = plant.compute.recompute(Only(tuple(lines), *late))
    assert done.shifts == 1
    assert plant.compute.recompute().shifts > 0, "the others were due all the time"
