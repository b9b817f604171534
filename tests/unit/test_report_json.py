"""The report's JSON: the same KPI item as the API, and what it was made from."""

from __future__ import annotations

import json
from dataclasses import replace

from pages_fixture import PagesSource
from pages_plant import ZONE

from oee.report.hours import hour_board
from oee.report.json import report_json
from oee.report.kpi import kpi_item
from oee.report.view import report_view
from oee.report.words import names_of

SHIFT = ("filling-2", "2026-11-18", "early")
SOURCE = PagesSource()
RESULT = SOURCE.shift(*SHIFT)
REPORT = report_json(RESULT, SOURCE.revisions(*SHIFT), SOURCE.plant())


def test_kpi_is_the_item_of_the_api() -> None:
    assert REPORT["kpi"] == kpi_item(RESULT, ZONE)


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(REPORT, allow_nan=False)) == REPORT


def test_header_names_shift_status_revision_and_cause() -> None:
    header = REPORT["header"]
    assert header["start"] == "2026-11-18T06:00:00+01:00"
    assert (header["length_s"], header["status"], header["revision"]) == (28800.0, "final", 2)
    assert (header["plant"], header["line_name"], header["timezone"]) == (
        "Beverage plant North",
        "Filling 2",
        "Europe/Berlin",
    )
    assert header["cause"] == RESULT.cause
    assert [r["revision"] for r in REPORT["revisions"]] == [1, 2]


def test_segments_tile_the_shift_and_sum_to_its_elements() -> None:
    segments = REPORT["segments"]
    assert (segments[0]["start"], segments[-1]["end"]) == (REPORT["kpi"]["start"], REPORT["kpi"]["end"])
    down = sum(s["length_s"] for s in segments if s["category"] == "unplanned_stop")
    assert down == REPORT["kpi"]["elements"]["unplanned_stop_s"]


def test_hours_say_what_the_page_says() -> None:
    board = hour_board(RESULT, names_of(SOURCE.plant()))
    assert [h["target_shown"] for h in REPORT["hours"]] == [row.target for row in board.rows]
    assert [h["cumulative_delta"] for h in REPORT["hours"]] == [row.sum_delta for row in board.rows]


def test_data_quality_lists_gaps_and_decisions() -> None:
    quality = REPORT["data_quality"]
    assert quality["no_data_s"] == 240.0
    assert quality["gaps"] == [{"start": "2026-11-18T08:38:00+01:00", "end": "2026-11-18T08:42:00+01:00"}]
    assert quality["counter_decisions"][0]["kind"] == "reset"
    assert quality["availability_min"] < REPORT["kpi"]["availability"] < quality["availability_max"]


def test_unknown_is_null_and_never_zero() -> None:
    live = SOURCE.current("filling-2")
    assert live is not None
    coming = report_json(live, [], SOURCE.plant())["hours"][-1]
    assert (coming["phase"], coming["good_count"], coming["delta"]) == ("todo", None, None)


def test_a_line_that_the_plant_no_longer_has_is_told_by_its_id() -> None:
    plant = SOURCE.plant()
    gone = replace(plant, lines={k: v for k, v in plant.lines.items() if k != SHIFT[0]})
    report = report_json(RESULT, SOURCE.revisions(*SHIFT), gone)
    assert (report["header"]["line_name"], report["targets"]["oee"]) == (SHIFT[0], None)
    assert report["kpi"] == REPORT["kpi"]
    assert report_view(RESULT, gone, previous=RESULT).shift.line == SHIFT[0]
