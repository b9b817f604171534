"""S-55, S-21: samples are dropped without the state that a speed tells, and without what comes in meanwhile."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oee.collect.import_batch import Batch, Words
from oee.collect.importer import ImportReport, applied_ids, import_csv, text_tags, write_batches
from oee.compute.queries import Results
from oee.compute.service import ComputeService
from oee.errors import InputError
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import insert, mark_dirty
from oee.store.times import to_us

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
PLANT = """
version: 1
plant: {id: acme, timezone: UTC}
calendars:
  default: {shifts: {all: {start: "06:00", end: "18:00"}}, week: {mon: [all], tue: [all], wed: [all], thu: [all]}}
lines:
  one:
    calendar: default
    machines:
      filler:
        ideal_cycle_s: 60
        signals: {state: {derive: speed, above: 5}, speed: {}, good: {counter: {}}}
policies: {retention_days: 1}
"""


class Plant:
    """A machine whose speed was told once, four days ago, and whose counter goes on."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.file = db, folder / "rows.csv"
        Master(db).apply(PLANT, None, to_us(START))
        self.service = ComputeService(db, now_us=lambda: to_us(START + 4 * DAY))
        counts = (f"{(START + n * timedelta(minutes=10)):%Y-%m-%dT%H:%MZ},filler,good,{n * 10}" for n in range(577))
        self.bring(f"{START:%Y-%m-%dT%H:%MZ},filler,speed,100", *counts)
        self.service.recompute()

    def bring(self, *rows: str) -> ImportReport:
        self.file.write_text("\n".join(["ts,machine,signal,value", *rows]) + "\n")
        return import_csv(self.db, self.file, to_us(START + 5 * DAY), lambda _: None)

    def ran_s(self) -> float:
        shift = to_us(START + 3 * DAY + timedelta(hours=6)), to_us(START + 3 * DAY + timedelta(hours=18))
        return Results(self.db, self.service.now_us).window("one", *shift).window.elements.run_us / 1e6

    def count(self) -> int:
        ((count,),) = self.rows(f"SELECT count(*) FROM sample WHERE ts < '{START + 2 * DAY}'")
        return count

    def rows(self, sql: str):
        with self.db.transaction() as conn:
            return conn.execute(sql.encode()).fetchall()

    def old(self) -> Batch:
        """A batch of a row of the first day, read while it was still kept."""
        batch = Batch(Words(), text_tags(applied_ids(self.db)))
        batch.add(2, to_us(START + timedelta(minutes=5)), applied_ids(self.db).tags["one", "filler", "good"], 3, 0)
        return batch


@pytest.fixture
def plant(db, tmp_path):
    return Plant(db, tmp_path)


def test_s55_s21_a_speed_told_before_the_edge_still_tells_the_state_behind_it(plant):
    plant.service.drop_old()
    assert (plant.count(), plant.ran_s()) == (0, 12 * 3600)
    assert plant.bring(f"{START + 3 * DAY + timedelta(minutes=3):%Y-%m-%dT%H:%MZ},filler,good,4323").new == 1
    plant.service.recompute()
    assert plant.ran_s() == 12 * 3600


def test_s55_a_row_read_before_the_edge_moved_and_written_after_it_is_refused(plant):
    batch = plant.old()
    plant.service.drop_old()
    with pytest.raises(InputError, match=r"one/filler were dropped .* import it again"):
        write_batches(plant.db, applied_ids(plant.db), [batch], ImportReport(), print)
    assert plant.count() == 0


def test_s55_samples_on_their_way_in_are_waited_for_and_interpreted_before_they_are_dropped(plant):
    before, columns = plant.count(), plant.old().winners()[0]
    machine = applied_ids(plant.db).machines["one", "filler"]
    dropping = threading.Thread(target=plant.service.drop_old)
    with plant.db.transaction() as conn:
        insert(conn, columns)
        dropping.start()
        dropping.join(0.5)
        assert dropping.is_alive()
        mark_dirty(conn, {machine: int(columns.ts_us[0])})
    dropping.join()
    assert plant.count() == before + 1
    assert plant.rows("SELECT samples_from FROM machine_facts") == [(None,)]
    plant.service.recompute()
    plant.service.drop_old()
    assert plant.count() == 0
