"""R18, R20: several compute processes over one database publish each version of the inputs once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic

import pytest
from compute_plant import CAPPER, FILLER, MIN_US, PLANT, Plant, alive, arrival_us, clock, sample, story

from oee.compute.interpreter import interpret_dirty
from oee.compute.service import ComputeService, again, mark_again
from oee.errors import DatabaseConflict
from oee.store.database import Database
from oee.store.master import Master

POOLED = PLANT.replace("{method: constraint, machine: filler}", "{method: pooled}")


def ticking(database: str, plant: Plant, stop: threading.Event) -> int:
    """One compute process, as fast as it can; returns how many rounds it did."""
    rounds = 0
    with Database(database) as own:
        service = ComputeService(own, now_us=lambda: plant.now_us)
        while not stop.is_set():
            service.tick(budget_s=0.05)
            rounds += 1
    return rounds


def feed(plant: Plant, step_us: int) -> None:
    """Four hours of data, some minutes at a time; each fourth record an hour late, some twice; asked for again."""
    records = sorted(story(5, clock("06:01"), clock("10:30")), key=arrival_us)
    held: list = []
    for at in range(clock("06:30"), clock("12:30") + 1, step_us):
        new = [r for r in records if at - step_us < arrival_us(r) <= at]
        late = [r for r in held if arrival_us(r) <= at - 60 * MIN_US]
        held = [r for r in [*held, *new[::4]] if r not in late]
        plant.write([r for r in new if r not in held] + late + late[:3])
        plant.now_us = at
        plant.write([alive(at - 1, at, FILLER, CAPPER)])
        mark_again(plant.database, ["bottling"], at - 90 * MIN_US, at)


@pytest.mark.parametrize("source", [PLANT, POOLED], ids=["constraint", "pooled"])
def test_r18_two_workers_under_late_data_publish_what_one_would(
    db: Database, database: str, source: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    plant = Plant(db, source)
    plant.now_us = clock("06:00")
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(ticking, database, plant, stop) for _ in range(2)]
        feed(plant, 10 * MIN_US)
        stop.set()
        assert all(w.result(timeout=60) > 0 for w in workers)
    assert "computing failed" not in capsys.readouterr().out + caplog.text
    plant.service.recompute()
    assert plant.rows("SELECT instance_id FROM result_live JOIN result USING (instance_id)") == []
    doubled = "SELECT a.result_id FROM result a JOIN result b USING (instance_id, machine_id, fingerprint)"
    assert plant.rows(f"{doubled} WHERE b.revision = a.revision + 1") == []
    versions = "SELECT r.instance_id FROM result r JOIN ledger l USING (instance_id)"
    assert plant.rows(f"{versions} WHERE r.revision > l.input_version") == []
    numbers = "SELECT instance_id FROM result GROUP BY instance_id, machine_id HAVING max(revision) <> count(*)"
    assert plant.rows(numbers) == []
    published = plant.published()
    plant.rows("UPDATE ledger SET input_version = input_version + 1 RETURNING 1")
    before = plant.rows("SELECT count(*) FROM result")
    plant.restart().recompute()
    assert (plant.rows("SELECT count(*) FROM result"), plant.published()) == (before, published)


def test_r18_what_another_worker_computes_live_is_left_to_it(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("06:30")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), alive(clock("06:00"), clock("06:30"))])
    plant.service.tick()
    (told,) = plant.rows("SELECT max(computed_at) FROM result_live")
    plant.now_us = clock("06:40")
    with db.transaction() as conn:
        conn.execute("SELECT 1 FROM ledger FOR UPDATE")
        plant.restart()._live(plant.service.master.ids(), "bottling", plant.now_us)
        assert plant.rows("SELECT max(computed_at) FROM result_live") == [told]
    plant.service.tick()
    assert plant.rows("SELECT max(computed_at) FROM result_live") > [told]


def test_s54_shifts_that_an_apply_makes_due_never_follow_the_configuration_before(db: Database) -> None:
    """A worker that looked at the configuration a moment ago claims what the new one has touched."""
    plant = Plant(db)
    plant.now_us = clock("05:55")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), alive(clock("06:00"), clock("08:30"))])
    plant.now_us = clock("08:30")
    plant.service.tick()
    slower = PLANT.replace("ideal_cycle_s: 2\n", "ideal_cycle_s: 2\n        min_stop_s: 20\n")
    Master(db).apply(slower, datetime(2026, 3, 1, tzinfo=UTC), plant.now_us)
    interpret_dirty(db, Master(db), plant.now_us)
    plant.service.master._looked_s = monotonic()
    plant.service._close(plant.service.master.ids(), ["bottling"], plant.now_us, until_s=2**40, only=None)
    definitions = plant.rows("SELECT DISTINCT definition FROM result WHERE machine_id = 0 AND revision = 2")
    old = plant.rows("SELECT DISTINCT definition FROM result WHERE machine_id = 0 AND revision = 1")
    assert definitions
    assert definitions != old


def in_a_ring(database: str) -> list[str]:
    """Two transactions that lock two rows crosswise, so that one of them must give way; each is done again."""
    meet = threading.Barrier(2)
    told: list[str] = []

    def work(first: int, second: int) -> Callable[[], None]:
        tries = iter(range(3))

        def lock() -> None:
            with Database(database) as own, own.transaction() as conn:
                conn.execute("SELECT pg_advisory_xact_lock(%s)", [first])
                if next(tries) == 0:
                    meet.wait(timeout=10)
                conn.execute("SELECT pg_advisory_xact_lock(%s)", [second])
                told.append("done")

        return lock

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(again, work(1, 2)), pool.submit(again, work(2, 1))]:
            done.result(timeout=30)
    return told


def test_r20_a_deadlock_is_no_outage_and_is_tried_again(db: Database, database: str) -> None:
    assert in_a_ring(database) == ["done", "done"]
    with pytest.raises(DatabaseConflict, match="stood in the way"), db.transaction() as conn:
        conn.execute("DO $$ BEGIN RAISE EXCEPTION 'ring' USING ERRCODE = '40P01'; END $$")
