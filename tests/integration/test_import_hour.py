"""A machine's hour from a CSV file to the API, by commands alone, against figures worked out by hand."""

from __future__ import annotations

import json
import random
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from main_job import micros, oee, oee_process, served

from oee.collect.importer import import_csv
from oee.errors import InputError

# A Tuesday of the last ten days: all shifts from the first row to now are computed, and none of them is the test's.
ZONE = ZoneInfo("Europe/Budapest")
DAY = next(d for d in (datetime.now(ZONE).date() - timedelta(days=n) for n in range(3, 10)) if d.weekday() == 1)
OFFSET = datetime.combine(DAY, time(7), ZONE).isoformat()[-6:]

PLANT = """\
version: 1
plant: {id: works, name: Works, timezone: Europe/Budapest, day_start: "06:00"}
calendars:
  default:
    shifts:
      early: {start: "06:00", end: "14:00", breaks: [{start: "10:00", end: "10:20", name: Break}]}
      late: {start: "14:00", end: "22:00"}
    week: {mon: [early, late], tue: [early, late], wed: [early, late], thu: [early, late], fri: [early, late]}
products: {A: {name: Bracket}}
lines:
  pressing:
    calendar: default
    rollup: {method: constraint, machine: press}
    machines:
      press:
        ideal_cycle_s: 5
        signals:
          state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop, SETUP: planned_stop}}
          good: {counter: {}}
          reject: {counter: {}}
  winding:
    calendar: default
    rollup: {method: constraint, machine: winder}
    machines:
      winder:
        ideal_cycle_s: 5
        signals:
          state: {profile: custom, map: {RUN: run, FAULT: unplanned_stop}}
          good: {counter: {}}
          reject: {counter: {}}
"""

# The hour is 07:00 to 08:00, plant time. The press was last heard of at 06:50.
PRESS = [
    ("06:50:00", "state", "RUN"),
    ("06:50:00", "good", "1000"),
    ("06:50:00", "reject", "20"),
    ("07:05:00", "good", "1150"),
    ("07:10:00", "state", "FAULT"),  # 12 min: a breakdown
    ("07:10:00", "good", "1210"),
    ("07:12:00", "good", "12a4"),  # no number: refused, and named by its line
    ("07:15:00", "good", "1212"),  # two parts while it stands
    ("07:22:00", "state", "RUN"),
    ("07:22:00", "good", "1212"),
    ("07:30:00", "state", "FAULT"),  # 3 min: a small stop
    ("07:30:00", "good", "1300"),
    ("07:30:00", "reject", "27"),
    ("07:33:00", "state", "RUN"),
    ("07:33:00", "good", "1300"),
    ("07:40:00", "state", "FAULT"),  # 6 s: a slow cycle
    ("07:40:06", "state", "RUN"),  # the counter's row of 07:40 is missing
    ("07:45:00", "state", "SETUP"),  # 5 min, planned
    ("07:45:00", "good", "1430"),
    ("07:45:00", "reject", "32"),
    ("07:50:00", "state", "RUN"),
    ("07:50:00", "good", "1430"),
    ("07:50:00", "reject", "32"),
    ("08:05:00", "good", "1580"),
    ("08:05:00", "reject", "35"),
]
UNUSABLE = "12a4"
# The winder runs all the hour and is faster than its ideal cycle says.
WINDER = [
    ("06:59:00", "state", "RUN"),
    ("06:59:00", "reject", "0"),
    ("07:00:00", "good", "5000"),
    ("08:00:00", "good", "5790"),
    ("07:00:00", "reject", "0"),
    ("08:00:00", "reject", "10"),
    ("08:05:00", "state", "RUN"),
]


def _at(clock):
    return f"{DAY}T{clock}{OFFSET}"


FROM, TO = _at("07:00:00"), _at("08:00:00")


def _rows():
    timed = [(at, "press", signal, value) for at, signal, value in PRESS]
    timed += [(at, "winder", signal, value) for at, signal, value in WINDER]
    return [f"{_at(at)},{machine},{signal},{value}" for at, machine, signal, value in timed]


def _write(folder, rows):
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    path = folder / "hour.csv"
    path.write_text("\n".join(["ts,machine,signal,value", *rows]) + "\n", encoding="utf-8")
    return path


def _done(result):
    assert result.returncode == 0, result.stderr
    return result


def _import_all(folder, database, rows, oee=oee):
    """Apply, import, recompute; return what the import said."""
    run = {"database": database, "data_dir": folder}
    path = _write(folder, rows)
    _done(oee("apply", folder / "plant.yaml", **run))
    said = _done(oee("import", path, **run))
    _done(oee("recompute", **run))
    return said


def _hour(client, line):
    (item,) = client.get("/api/v1/kpis", params={"line": line, "from": FROM, "to": TO}).json()["items"]
    return item


def _check_press(item):
    e = item["elements"]
    # Time. 07:00-07:10 run, 07:10-07:22 breakdown (12 min = 720 s), 07:22-07:30 run, 07:30-07:33 small stop (180 s),
    # 07:33-07:45 run (the 6 s at 07:40 are shorter than min_stop, so they are run), 07:45-07:50 setup (300 s), run.
    # run = 3600 - 720 - 180 - 300 = 2400 s; APT = run + small stop = 2580 s; K = 3600 s, as all of it is known.
    assert (e["calendar_s"], e["planned_busy_s"], e["no_data_s"], e["excluded_s"]) == (3600, 3600, 0, 0)
    assert (e["unplanned_stop_s"], e["small_stop_s"], e["planned_stop_s"], e["run_s"]) == (720, 180, 300, 2400)
    assert e["actual_production_s"] == 2580
    # Good parts since the first sample (S-6). At 07:00 the counter stands between 06:50 (0) and 07:05 (150), after 10
    # of 15 min run: 100. At 08:00 it stands between 07:50 (430) and 08:05 (580), after 10 of 15 min run: 530.
    # Good = 530 - 100 = 430.
    # Rejects: 7 from 06:50 to 07:30 over 1200 + 480 = 1680 s of run; at 07:00 floor(7 * 600 / 1680) = floor(2.5) = 2.
    # At 08:00: 12 until 07:50, and 3 * 600 / 900 = 2 more: 14. Rejects = 14 - 2 = 12. Total = 442.
    assert (e["good_count"], e["reject_count"], e["total_count"]) == (430, 12, 442)
    # A = 2580/3600; P = 442 * 5 / 2580 = 2210/2580; Q = 430/442; OEE = 430 * 5 / 3600 = 2150/3600 = 0.59722…
    assert item["availability"] == pytest.approx(2580 / 3600, abs=1e-12)
    assert item["performance"] == pytest.approx(2210 / 2580, abs=1e-12)
    assert item["quality"] == pytest.approx(430 / 442, abs=1e-12)
    assert item["oee"] == pytest.approx(2150 / 3600, abs=1e-12)
    # The breakdown is the one stop: 720 s to repair.
    assert (e["stop_count"], e["closed_stop_count"], e["closed_stop_s"]) == (1, 1, 720)
    assert (item["mttr_s"], item["mtbf_s"]) == (720, 2580)
    assert e["stopped_count"] == 2
    assert item["flags"] == ["parts_while_stopped"]


def _check_winder(item):
    e = item["elements"]
    # Runs all 3600 s. 790 good and 10 rejects: P = 800 * 5 / 3600 = 1.1111 raw; Q = 790/800; A = 1; OEE = 3950/3600.
    assert (e["run_s"], e["good_count"], e["reject_count"], e["total_count"]) == (3600, 790, 10, 800)
    assert item["availability"] == 1.0
    assert item["performance"] == pytest.approx(4000 / 3600, abs=1e-12)
    assert item["quality"] == pytest.approx(790 / 800, abs=1e-12)
    assert item["oee"] == pytest.approx(3950 / 3600, abs=1e-12)
    assert item["flags"] == ["performance_over_100"]


def _revisions(client, line):
    return client.get(f"/api/v1/lines/{line}/shifts/{DAY}/early/revisions").json()["items"]


def test_an_hour_gives_the_figures_that_its_rules_demand_and_a_second_import_changes_nothing(database, tmp_path):
    rows = _rows()
    said = _import_all(tmp_path, database, rows, oee_process)
    bad_line = 2 + next(i for i, row in enumerate(rows) if UNUSABLE in row)
    assert said.stdout.splitlines() == [f"rows new {len(rows) - 1}, duplicate 0, rejected 1"]
    assert [line for line in said.stderr.splitlines() if line.startswith("line ")] == [
        f"line {bad_line}: '12a4' is no number, and good counts"
    ]
    with served(database) as client:
        _check_press(_hour(client, "pressing"))
        _check_winder(_hour(client, "winding"))
        intervals = client.get("/api/v1/lines/pressing/intervals", params={"from": FROM, "to": TO}).json()["items"]
        first = [_revisions(client, line) for line in ("pressing", "winding")]
        assert [[r["revision"] for r in of_line] for of_line in first] == [[1], [1]]

        again = _done(oee("import", tmp_path / "hour.csv", database=database, data_dir=tmp_path))
        assert again.stdout.splitlines() == [f"rows new 0, duplicate {len(rows) - 1}, rejected 1"]
        _done(oee("recompute", database=database, data_dir=tmp_path))
        assert [_revisions(client, line) for line in ("pressing", "winding")] == first
        _check_press(_hour(client, "pressing"))

    assert [(_clock(i["start"]), i["category"]) for i in intervals] == [
        ("07:00:00", "run"), ("07:10:00", "unplanned_stop"), ("07:22:00", "run"), ("07:30:00", "small_stop"),
        ("07:33:00", "run"), ("07:40:00", "run"), ("07:40:06", "run"), ("07:45:00", "planned_stop"),
        ("07:50:00", "run"),
    ]  # fmt: skip
    assert all(micros(a["end"]) == micros(b["start"]) for a, b in pairwise(intervals))


def _clock(text):
    return datetime.fromisoformat(text).strftime("%H:%M:%S")


def test_the_order_of_the_rows_and_of_several_imports_changes_nothing(database, tmp_path):
    rows = _rows()
    random.Random(4).shuffle(rows)
    run = {"database": database, "data_dir": tmp_path}
    half = len(rows) // 2
    _import_all(tmp_path, database, rows[half:])
    _done(oee("import", _write(tmp_path, rows[:half]), **run))
    _done(oee("recompute", **run))
    with served(database) as client:
        _check_press(_hour(client, "pressing"))
        _check_winder(_hour(client, "winding"))


def test_the_report_of_the_shift_is_the_apis_item(database, tmp_path):
    _import_all(tmp_path, database, _rows())
    where = ("pressing", "--date", str(DAY), "--shift", "early")
    printed = _done(oee("report", *where, "--format", "json", database=database, data_dir=tmp_path))
    with served(database) as client:
        window = {"line": "pressing", "from": _at("06:00:00"), "to": _at("14:00:00")}
        (item,) = client.get("/api/v1/kpis", params={**window, "group_by": "shift"}).json()["items"]
        by_api = client.get(f"/api/v1/lines/pressing/shifts/{DAY}/early/report", params={"format": "json"})
    assert json.loads(printed.stdout)["kpi"] == by_api.json()["kpi"] == item
    assert item["status"] == "final"
    # The whole shift: 580 good and 15 rejects. Its first 50 minutes are before the first row: unknown, not stopped.
    assert (item["elements"]["good_count"], item["elements"]["reject_count"]) == (580, 15)
    assert item["elements"]["no_data_s"] == 50 * 60


def test_without_a_plant_one_sentence_says_what_comes_first(db, tmp_path):
    _write(tmp_path, _rows())
    with pytest.raises(InputError, match=r"no plant is applied yet.*oee apply"):
        import_csv(db, tmp_path / "hour.csv", 2**60, pytest.fail)
