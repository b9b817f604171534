"""S-53: over a real database, whatever answers give can be explained, and all of it sums to the result, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from compute_plant import DAY_US, PLANT, Plant, clock, story
from main_job import module_database

from oee.api.explain_models import Explanation
from oee.compute.evidence import Evidences
from oee.errors import InputError, NotFoundError
from oee.evidence import Evidence
from oee.model import ShiftResult
from oee.report.explain import explain
from oee.report.explain_json import explanation_json
from oee.report.explain_text import WIDTH, explanation_text
from oee.report.kpi import kpi_item
from oee.store.database import Database
from oee.store.entries import Entry, add_entry
from oee.store.master import Master
from oee.store.results import touch
from oee.store.times import from_us

UTC = ZoneInfo("UTC")
EARLY = ("bottling", "2026-03-02", "early")
WEEK_US = 7 * 86_400_000_000


@pytest.fixture(scope="module")
def plant(server: str, template: str) -> Iterator[Plant]:
    """Two machines at random: stops, silences, jumps, glitches, resets; two shifts closed, the third one running."""
    with module_database(server, template) as database, Database(database) as db:
        plant = Plant(db)
        plant.write(story(5, clock("06:40"), clock("10:20")))
        plant.now_us = clock("10:30")
        plant.service.tick()
        yield plant


def evidences(plant: Plant) -> Evidences:
    return Evidences(plant.database, now_us=lambda: plant.now_us)


def explained(evidence: Evidence) -> dict[str, Any]:
    """The explanation as JSON, of the documented shape; every sum in it holds, and its text is no wider than told."""
    x = explain(evidence)
    assert [s for s in x.sums if not s.equal] == []
    body = explanation_json(x)
    Explanation.model_validate(body)
    assert body["exact"]
    assert max(map(len, explanation_text(x).splitlines())) <= WIDTH
    return body


def everything(plant: Plant) -> Iterator[tuple[ShiftResult, str | None]]:
    """Results of every kind that answers give, each with the product that it is the row of."""
    source, span = plant.results, (DAY_US, clock("24:00"))
    for machine in (None, "filler", "capper"):
        found = [*source.shifts("bottling", *span, machine), *source.days("bottling", *span, machine)]
        found += source.hours("bottling", clock("07:30"), clock("10:30"), machine)
        found.append(source.window("bottling", clock("06:53"), clock("09:47:11"), machine))
        yield from ((result, None) for result in found)
    yield from ((row, name) for name, row in source.by_product("bottling", *span, "product"))
    for sums in (source.weeks, source.months):
        yield from ((result, None) for result in sums("bottling", DAY_US - WEEK_US, DAY_US + WEEK_US))


def test_s53_every_result_is_explained_by_its_id_and_sums_to_it_exactly(plant: Plant) -> None:
    told = list(everything(plant))
    assert {r.status for r, _ in told} >= {"live", "final"}
    assert len(told) > 25
    for result, product in told:
        body = explained(evidences(plant).of_kpi(result.id))
        item = kpi_item(result, UTC, product)
        if result.cause == "asked for":  # an hour is explained as a free window, whichever shift it lies in
            item |= {"shift": None, "production_date": None}
        assert body["kpi"] == item, result.id
        assert body["definition"]["configurations"][0]["proven"]


def test_s53_the_explanation_shows_what_the_result_came_from(plant: Plant) -> None:
    body = explained(evidences(plant).of_shift(*EARLY))
    result = plant.results.shift(*EARLY)
    assert len(body["segments"]) == len(result.window.segments) > 5
    assert len(body["counter_decisions"]) == len(result.window.decisions) > 5
    assert {row["flag"] for row in body["flags"]} == set(result.window.flags)
    assert {"S-2", "S-3", "S-5", "S-26"} <= {row["rule"] for row in body["rules"]}
    (configuration,) = body["definition"]["configurations"]
    assert (configuration["number"], configuration["since"]) == (1, None)
    filler = configuration["machines"][0]
    assert (filler["machine"], filler["ideal_cycle_s"], filler["small_stop_max_s"]) == ("filler", "2", 300.0)
    assert body["products"][0]["ideal_cycle_source"] == "machine"
    assert [part["machine"] for part in body["machines"]] == ["filler"]
    assert sum(s["us"] for s in body["segments"]) == 7200 * 10**6
    hours = [row for row in body["counts"] if row["kind"] == "known"]
    assert sum(row["total_count"] for row in hours) == body["kpi"]["elements"]["total_count"] > 0


def test_s35_s53_running_figures_are_explained_as_far_as_they_go(plant: Plant) -> None:
    body = explained(evidences(plant).of_shift("bottling", "2026-03-02", "third"))
    assert (body["kpi"]["status"], body["kpi"]["elements"]["calendar_s"]) == ("live", 30 * 60.0)
    assert "S-35" in {row["rule"] for row in body["rules"]}
    assert body["segments"][-1]["open"]


def test_s53_what_no_answer_gave_is_not_explained(plant: Plant) -> None:
    source = evidences(plant)
    early = plant.results.shift(*EARLY)
    instance = early.id.partition("-")[0]
    for unknown in ("x", "1-2", "999999-0-1", f"{instance}-0-9", f"{instance}-99-1", "bottling-line-2026-13-01"):
        with pytest.raises(NotFoundError):
            source.of_kpi(unknown)
    with pytest.raises(NotFoundError, match="no revision 7"):
        source.of_shift(*EARLY, revision=7)
    with pytest.raises(NotFoundError, match=f"have the id {early.id} now"):
        source.of_kpi(f"{instance}-0-live")
    with pytest.raises(InputError, match="32 days"):
        source.of_kpi(f"bottling-line-{DAY_US - 5 * WEEK_US}-{DAY_US}")
    with pytest.raises(NotFoundError, match="not begun"):
        source.of_kpi(f"bottling-line-{DAY_US + WEEK_US}-{DAY_US + 2 * WEEK_US}")


def test_s53_an_old_revision_is_explained_by_its_own_document_configuration_and_entries(db: Database) -> None:
    plant = Plant(db)
    plant.write(story(3, clock("07:30"), clock("08:02")))
    plant.now_us = clock("08:30")
    plant.service.tick()
    before = explained(evidences(plant).of_shift(*EARLY))
    Master(db).apply(PLANT.replace("ideal_cycle_s: 2", "ideal_cycle_s: 4"), from_us(DAY_US), plant.now_us)
    plant.restart()
    plant.now_us += 60_000_000
    line = plant.service.master.ids().line("bottling")
    plant.service.tick(close=False)
    with db.transaction() as conn:
        touch(conn, line, clock("06:00"), clock("08:00"), "cycle measured anew", "ben")
    plant.service.recompute()
    with db.transaction() as conn:
        said = {"line_id": line, "from_us": clock("07:50"), "to_us": clock("07:52")}
        add_entry(conn, Entry("note", {"text": "new gripper"}, "anna", plant.now_us, **said, why="asked by the shift"))

    old = explained(evidences(plant).of_shift(*EARLY, revision=1))
    new = explained(evidences(plant).of_shift(*EARLY))
    assert old["kpi"] == before["kpi"]
    assert [x["definition"]["configurations"][0]["number"] for x in (old, new)] == [1, 2]
    cycles = [x["definition"]["configurations"][0]["machines"][0]["ideal_cycle_s"] for x in (old, new)]
    assert cycles == ["2", "4"]
    assert [r["revision"] for r in new["revisions"]] == [1, 2]
    made = old["kpi"]["elements"]["total_count"]
    assert made > 0
    changed = {d["element"]: d["difference"] for d in new["revisions"][1]["changed"]}
    assert changed["total_count of no product at 2 s"] == -made
    assert changed["total_count of no product at 4 s"] == new["kpi"]["elements"]["total_count"]
    assert (old["author"], new["author"]) == (None, "ben")
    assert new["cause"] == new["revisions"][1]["cause"] == "configuration changed; cycle measured anew"
    (entry,) = new["entries"]
    assert (entry["author"], entry["why"], entry["said"]) == ("anna", "asked by the shift", {"text": "new gripper"})
    assert (old["entries"][0]["known_then"], entry["known_then"]) == (False, True)


def test_s53_what_was_undone_is_told_with_who_undid_it(db: Database) -> None:
    plant = Plant(db)
    plant.write(story(3, clock("07:30"), clock("08:02")))
    plant.now_us = clock("08:30")
    plant.service.tick()
    line = plant.service.master.ids().line("bottling")
    with db.transaction() as conn:
        at = {"line_id": line, "from_us": clock("07:50")}
        number = add_entry(conn, Entry("note", {"text": "?"}, "ben", plant.now_us, **at))
        add_entry(conn, Entry("undo", {}, "carl", plant.now_us, line_id=line, undoes=number))
    body = explained(evidences(plant).of_shift(*EARLY))
    assert body["entries"][0]["undone"]["author"] == "carl"


def test_s40_s53_shares_of_pooled_and_counting_machines_sum_to_the_line(rollup: Any) -> None:
    from test_rollup_import import DAY

    for line, shares in (("presses", ["p1", "p2"]), ("bottling", ["depal", "filler", "checker", "packer"])):
        for shift in ("early", "late"):
            answer = rollup.get(f"/api/v1/lines/{line}/shifts/{DAY}/{shift}/explain")
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert body["exact"]
            assert [m["machine"] for m in body["machines"]] == shares
            of_shares = [s for s in body["sums"] if s["of"].startswith(("machines:", *(f"{m}:" for m in shares)))]
            assert len(of_shares) >= 10
            assert "S-40" in {r["rule"] for r in body["rules"]}
            by_id = rollup.get(f"/api/v1/kpis/{body['kpi']['id']}/explain")
            assert by_id.json() == body
    assert rollup.get("/api/v1/kpis/nothing/explain").status_code == 404
    assert rollup.get(f"/api/v1/lines/presses/shifts/{DAY}/early/explain", params={"revision": 9}).status_code == 404
    assert rollup.get(f"/api/v1/lines/presses/shifts/{DAY}/early/explain", params={"revsion": 1}).status_code == 422


@pytest.fixture(scope="module")
def rollup(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The lines of the roll-up tests, served."""
    from test_rollup_import import api

    yield from api.__wrapped__(server, template, tmp_path_factory)
