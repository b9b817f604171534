"""What a collector reads before its plant file was applied is stored all the same (R1)."""

from __future__ import annotations

import pytest

from oee.collect.importer import import_csv
from oee.compute.service import ComputeService
from oee.spool import SpoolAlive, SpoolSample
from oee.store.master import Master
from oee.store.samples import SampleStore

T0_US = 1_772_000_000_000_000
PLANT = """\
version: 1
plant: {id: works, name: Works, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts: {early: {start: "06:00", end: "14:00"}}
    week: {mon: [early], tue: [early], wed: [early], thu: [early], fri: [early], sat: [early], sun: [early]}
lines:
  new:
    calendar: default
    rollup: {method: constraint, machine: press}
    machines:
      press:
        ideal_cycle_s: 5
        signals:
          state: {profile: custom, map: {RUN: run}}
          good: {counter: {}}
"""
SAMPLES = [SpoolSample("new/press/state", T0_US, "RUN", 0), SpoolSample("new/press/good", T0_US + 1, 41, 0)]
ALIVE = [SpoolAlive("c", T0_US, T0_US + 10, ("new/press", "new/idle"))]


def _stored(db):
    with db.transaction() as conn:
        return conn.execute(
            "SELECT l.id, m.id, signal, coalesce(text, value::text) FROM sample JOIN tag USING (tag_id)"
            " JOIN machine m USING (machine_id) JOIN line l USING (line_id)"
            " LEFT JOIN symbol ON signal = 'state' AND symbol_id = value ORDER BY ts"
        ).fetchall()


def test_samples_and_life_of_unknown_machines_are_kept(db):
    store = SampleStore(db)
    for _ in range(2):
        store.write(SAMPLES, ALIVE)
    assert _stored(db) == [("new", "press", "state", "RUN"), ("new", "press", "good", "41")]
    assert set(Master(db).ids().machines) == {("new", "press"), ("new", "idle")}


def test_a_new_tag_of_a_known_machine_is_kept_beside_the_known_ones(db):
    Master(db).apply(PLANT, None, T0_US)
    store = SampleStore(db)
    store.write(SAMPLES, ALIVE)
    store.write([SpoolSample("new/press/fault", T0_US + 2, "E7", 0)], [])
    assert [row[2] for row in _stored(db)] == ["state", "good", "fault"]


def test_numbers_are_not_remembered_from_a_batch_that_failed(db):
    store = SampleStore(db)
    with pytest.raises(Exception, match="NUL"):
        store.write([*SAMPLES, SpoolSample("new/press/fault", T0_US, "\0", 0)], ALIVE)
    assert _stored(db) == []
    store.write(SAMPLES, ALIVE)
    assert len(_stored(db)) == 2


def test_the_plant_file_that_comes_later_takes_them_up(db):
    SampleStore(db).write(SAMPLES, ALIVE)
    service = ComputeService(db, lambda: T0_US + 3_600_000_000)
    service.recompute()
    assert Master(db).apply(PLANT, None, T0_US)
    service.recompute()
    assert len(_stored(db)) == 2


def test_imported_text_that_no_database_holds_is_refused_by_its_line(db, tmp_path):
    Master(db).apply(PLANT, None, T0_US)
    file = tmp_path / "s.csv"
    rows = ["ts,machine,signal,value", "2026-02-25T06:13:20Z,press,state,RUN"]
    rows += ["2026-02-25T06:13:21Z,press,state,R\0N", "2026-02-25T06:13:22Z,press,state," + "\N{SNOWMAN}" * 700]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    told = []
    report = import_csv(db, file, T0_US + 10**12, told.append)
    assert (report.new, report.rejected) == (1, 2)
    assert [text.split(":")[0] for text in told] == ["line 3", "line 4"]
    assert "NUL" in told[0]
    assert "\0" not in told[0]
