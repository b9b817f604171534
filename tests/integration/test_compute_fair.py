"""R3, R18, R19: no line waits for a backlog, no data for an interpretation; a reader sees one instant."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from compute_plant import CAPPER, FILLER, HOUR_US, MIN_US, PLANT, S_US, Plant, alive, clock, sample

from oee.compute import interpreter
from oee.compute.interpreter import interpret_dirty
from oee.spool.records import SpoolAlive
from oee.store import facts as stored_facts
from oee.store.database import Database
from oee.store.master import Master

WRAPPER = "packing/wrapper"
TWO_LINES = PLANT.replace("lines:\n", "  plc2: {kind: modbus, host: 127.0.0.1, port: 5021}\nlines:\n").replace(
    "reasons:\n",
    """  packing:
    calendar: default
    machines:
      wrapper:
        ideal_cycle_s: 2
        signals:
          state: {connector: plc2, address: "coil:0", profile: custom, map: {true: run, false: unplanned_stop}}
          good: {connector: plc2, address: "holding:40011", type: uint32, counter: {}}
reasons:
""",
)


def test_r19_a_backlog_of_one_line_keeps_no_other_line_waiting(db: Database) -> None:
    """However little time a round has: the shift that ended last is published for each line."""
    plant = Plant(db, TWO_LINES)
    plant.now_us = clock("08:05")
    start = clock("06:00") - 8 * 24 * HOUR_US
    plant.write([sample(f"{FILLER}/state", start, "6"), alive(start, plant.now_us, FILLER)])
    plant.write(
        [
            sample(f"{WRAPPER}/state", clock("06:00"), True),
            sample(f"{WRAPPER}/good", clock("06:00"), 0),
            SpoolAlive("plc2", clock("06:00"), clock("08:05"), (WRAPPER,)),
        ]
    )
    plant.service.tick(budget_s=0)
    published = "SELECT l.id, i.name FROM result JOIN shift_instance i USING (instance_id) JOIN line l USING (line_id)"
    assert plant.rows(f"{published} WHERE machine_id = 0 ORDER BY 1") == [("bottling", "early"), ("packing", "early")]
    plant.service.tick(budget_s=60)
    assert plant.rows("SELECT count(*) > 5 FROM result WHERE machine_id = 0") == [(True,)]


def running(db: Database) -> Plant:
    """The filler runs from six on, seen until half past."""
    plant = Plant(db)
    plant.now_us = clock("08:05")
    plant.write(
        [
            sample(f"{FILLER}/state", clock("06:00"), "6"),
            sample(f"{FILLER}/total", clock("06:00"), 0),
            alive(clock("06:00"), clock("06:30")),
        ]
    )
    return plant


@contextmanager
def held_up(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]):
    """An interpretation in another thread that stands still, its samples read, until this context ends."""
    began, go_on = threading.Event(), threading.Event()
    really = interpreter._facts

    def slow(*args):
        facts = really(*args)
        began.set()
        assert go_on.wait(20)
        return facts

    monkeypatch.setattr(interpreter, "_facts", slow)
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(work)
        assert began.wait(20)
        monkeypatch.setattr(interpreter, "_facts", really)
        try:
            yield worker
        finally:
            go_on.set()
        worker.result(20)


def test_r3_data_is_written_while_its_machine_is_interpreted_and_its_mark_survives(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = running(db)
    with held_up(monkeypatch, lambda: interpret_dirty(db, Master(db), plant.now_us)), ThreadPoolExecutor(1) as pool:
        more = [sample(f"{FILLER}/state", clock("06:40"), "10"), alive(clock("06:30"), clock("06:50"))]
        pool.submit(plant.write, more).result(5)
    marks = "SELECT m.id, from_ts = '2026-03-02 06:30Z' FROM dirty JOIN machine m USING (machine_id) ORDER BY 1"
    assert ("filler", True) in plant.rows(marks), "what is left is what came meanwhile, not what was worked off"
    plant.service.tick()
    assert plant.rows("SELECT * FROM dirty") == []
    assert plant.rows("SELECT state FROM state_interval WHERE start_ts = '2026-03-02 06:40Z'") == [("10",)]


def test_r18_two_workers_never_interpret_one_machine_at_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = running(db)
    plant.write([sample(f"{CAPPER}/state", clock("06:00"), True)])
    with held_up(monkeypatch, lambda: interpret_dirty(db, Master(db), plant.now_us, limit=1)):
        plant.write([sample(f"{FILLER}/total", clock("06:31"), 5), sample(f"{CAPPER}/state", clock("06:31"), True)])
        assert interpret_dirty(db, Master(db), plant.now_us) == 1
    assert len(plant.rows("SELECT * FROM dirty")) == 1


def test_r18_a_mark_that_was_worked_off_before_its_machine_was_held_is_no_work(db: Database) -> None:
    plant = running(db)
    master = Master(db)
    master.configs()
    interpret_dirty(db, master, plant.now_us)
    before = plant.facts()
    ids = master.ids()
    with db.transaction() as conn:
        interpreter._work_off(db, conn, master, ids, ids.machine("bottling", "filler"), plant.now_us)
    assert plant.facts() == before


def test_a_reader_sees_one_instant_though_facts_are_replaced_while_it_reads(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = running(db)
    plant.service.recompute()
    before = plant.results.window("bottling", clock("06:00"), clock("08:00")).window
    really = stored_facts.fetch
    late = [
        sample(f"{FILLER}/total", t, (t - clock("06:00")) // (2 * S_US))
        for t in range(clock("06:31"), clock("08:05"), MIN_US)
    ]

    def interrupted(conn, name, /, **params):
        found = really(conn, name, **params)
        if name == "facts/pieces" and late:
            plant.write([*late, alive(clock("06:30"), clock("08:05"))])
            late.clear()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(plant.service.recompute).result(20)
        return found

    monkeypatch.setattr(stored_facts, "fetch", interrupted)
    assert plant.results.window("bottling", clock("06:00"), clock("08:00")).window == before
    monkeypatch.undo()
    assert plant.results.window("bottling", clock("06:00"), clock("08:00")).window != before
