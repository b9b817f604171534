"""Live, provisional, final: when results are published, what changes them, and that nothing else does (S-50 … S-53)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import psycopg
import pytest
from compute_plant import (
    CAPPER,
    DAY_US,
    FILLER,
    MIN_US,
    PLANT,
    S_US,
    Plant,
    Record,
    alive,
    clock,
    sample,
    story,
)

from oee.calendar import MINUTES_A_DAY
from oee.compute.service import ComputeService
from oee.model import Category, Elements
from oee.store.database import Database

DAY = "2026-03-02"
EARLY = ("bottling", DAY, "early")
QUICK = PLANT.replace("lateness_s: 900", "lateness_s: 60")


def steady(start: str, end: str) -> list[Record]:
    """Both machines run and are alive."""
    records: list[Record] = [
        sample(f"{FILLER}/state", clock(start), "6"),
        sample(f"{CAPPER}/state", clock(start), True),
    ]
    for t in range(clock(start), clock(end) + 1, 30 * S_US):
        n = (t - DAY_US) // (2 * S_US)
        records += [sample(f"{FILLER}/total", t, n % 65_536), sample(f"{CAPPER}/good", t, n)]
        if t > clock(start):
            records.append(alive(t - 30 * S_US, t))
    return records


def closed(db: Database, source: str = PLANT) -> Plant:
    """The early shift, over and published."""
    plant = Plant(db, source)
    plant.now_us = clock("05:55")
    plant.play(steady("06:00", "08:00"), clock("08:00"), 20 * MIN_US)
    return plant


@pytest.mark.parametrize("change", ["UPDATE result SET document = '{}'", "DELETE FROM result"])
def test_s51_published_revisions_never_change(db: Database, change: str) -> None:
    plant = closed(db)
    assert plant.revisions() == [("early", 1, "shift closed")]
    with pytest.raises(psycopg.errors.RaiseException, match="never change"):
        plant.rows(f"{change} RETURNING 1")


def test_s50_live_at_close_equals_revision_1(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("06:00")
    records = story(7, clock("06:01"), clock("09:00"))
    plant.play(records, clock("07:58"), 13 * MIN_US)
    plant.now_us = clock("08:00")
    plant.write(r for r in records if clock("07:58") < (getattr(r, "ts_us", 0) or r.through_us) <= plant.now_us)
    plant.service.tick(close=False)
    before = plant.results.shift(*EARLY)
    assert (before.status, before.revision) == ("live", None)
    plant.write([alive(clock("08:00"), clock("08:00"), FILLER)])
    plant.service.tick()
    after = plant.results.shift(*EARLY)
    assert (after.status, after.revision) == ("provisional", 1)
    assert replace(before.window, segments=()) == replace(after.window, segments=())
    assert before.window.segments == after.window.segments
    assert (before.hours, before.definition, before.instance) == (after.hours, after.definition, after.instance)


def test_s50_nothing_is_published_before_the_watermark_passes(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("05:55")
    plant.play(steady("06:00", "07:59"), clock("08:01"), 20 * MIN_US)
    assert plant.revisions() == []
    plant.write([alive(clock("07:59"), clock("08:00"))])
    plant.service.tick()
    assert plant.revisions() == [("early", 1, "shift closed")]


def test_s50_a_shift_is_final_after_its_lateness(db: Database) -> None:
    plant = closed(db)
    assert plant.ledger()["early"] == "provisional"
    plant.now_us = clock("08:15")
    plant.write(steady("08:00", "08:15"))
    plant.service.tick()
    assert (plant.ledger()["early"], plant.results.shift(*EARLY).status) == ("final", "final")
    assert plant.revisions() == [("early", 1, "shift closed")]


def test_s50_an_undecided_standstill_across_the_end_keeps_the_shift_provisional(db: Database) -> None:
    """Stopped from 07:58: at 08:01:30 it may still be a small stop, at 08:04 it can't be any more."""
    plant = Plant(db, QUICK)
    plant.now_us = clock("05:55")
    plant.play(steady("06:00", "07:58"), clock("07:58"), 20 * MIN_US)
    plant.write([sample(f"{FILLER}/state", clock("07:58"), "10")])
    for now, status in (("08:01:30", "provisional"), ("08:02:59", "provisional"), ("08:04", "final")):
        plant.now_us, since = clock(now), plant.now_us
        plant.write([alive(since, plant.now_us)])
        plant.service.tick()
        assert plant.ledger()["early"] == status, now
    e = plant.results.shift(*EARLY).window.elements
    assert (e.unplanned_stop_us, e.small_stop_us) == (2 * MIN_US, 0)


def test_s23_a_class_decided_after_the_end_revises_the_shift(db: Database) -> None:
    """Stopped 07:58 to 08:02: unplanned as long as it lasts, a small stop of 2 + 2 minutes once it is over."""
    plant = Plant(db)
    plant.now_us = clock("05:55")
    plant.play(steady("06:00", "07:58"), clock("07:58"), 20 * MIN_US)
    plant.write([sample(f"{FILLER}/state", clock("07:58"), "10"), alive(clock("07:58"), clock("08:01"))])
    plant.now_us = clock("08:01")
    plant.service.tick()
    open_ = plant.results.shift(*EARLY)
    assert (open_.window.elements.unplanned_stop_us, open_.revision) == (2 * MIN_US, 1)
    assert "stop_open" in open_.window.flags
    plant.now_us = clock("08:03")
    plant.write([sample(f"{FILLER}/state", clock("08:02"), "6"), alive(clock("08:01"), clock("08:03"))])
    plant.service.tick()
    e = plant.results.shift(*EARLY).window.elements
    assert (e.unplanned_stop_us, e.small_stop_us) == (0, 2 * MIN_US)
    assert [r[1] for r in plant.revisions()] == [1, 2]
    live = plant.results.current("bottling")
    assert live is not None
    assert live.window.elements.small_stop_us == 2 * MIN_US


def test_s50_two_services_publish_a_shift_once(db: Database, database: str) -> None:
    plant = Plant(db)
    plant.now_us = clock("05:55")
    plant.write(steady("06:00", "12:00"))
    plant.now_us = clock("12:00")
    start = threading.Barrier(2)

    def work() -> None:
        with Database(database) as own:
            service = ComputeService(own, now_us=lambda: plant.now_us)
            start.wait(timeout=10)
            for _ in range(3):
                service.tick()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work), pool.submit(work)]:
            done.result(timeout=60)
    assert plant.revisions() == [(name, 1, "shift closed") for name in ("early", "late", "third")]
    counts = plant.rows("SELECT machine_id, count(*), count(DISTINCT instance_id) FROM result GROUP BY 1")
    assert [row[1:] for row in counts] == [(3, 3)] * 3


def test_s42_a_restart_in_mid_shift_makes_no_jump(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("06:00")
    records = story(21, clock("06:01"), clock("07:30"))
    live = "SELECT machine_id, definition, document FROM result_live ORDER BY instance_id, machine_id"
    for now in ("06:17", "06:49:13", "07:11"):
        plant.play(records, clock(now), 7 * MIN_US)
        before, window = plant.rows(live), plant.results.shift(*EARLY).window
        assert before
        plant.restart().tick()
        assert plant.rows(live) == before
        assert plant.results.shift(*EARLY).window == window


def test_s40_the_line_is_its_constraint_machine(db: Database) -> None:
    plant = closed(db)
    line, filler = plant.results.shift(*EARLY), plant.results.shift(*EARLY, machine="filler")
    capper = plant.results.shift(*EARLY, machine="capper")
    assert (line.method, filler.method) == ("constraint", "machine")
    assert line.window.elements == filler.window.elements
    assert capper.window.elements != line.window.elements


def test_s53_what_is_published_sums_to_its_elements(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("06:00")
    plant.play(story(3, clock("06:01"), clock("10:30")), clock("10:30"), 20 * MIN_US)
    for name in ("early", "late"):
        result = plant.results.shift("bottling", DAY, name)
        e, segments = result.window.elements, result.window.segments
        spent = {c: sum(s.end_us - s.start_us for s in segments if s.category is c) for c in Category}
        assert sum(spent.values()) == e.calendar_us == 120 * MIN_US
        assert spent[Category.RUN] == e.run_us
        assert spent[Category.UNPLANNED_STOP] == e.unplanned_stop_us
        assert spent[Category.NO_DATA] == e.no_data_us
        hours = result.hours[0].elements
        for hour in result.hours[1:]:
            hours += hour.elements
        assert hours == e


def test_s34_days_and_free_windows_sum_their_instances(db: Database) -> None:
    """All instances of a production day, off time included, are the day: so far, what has elapsed of it."""
    plant = Plant(db)
    plant.now_us = clock("06:00")
    plant.play(story(4, clock("06:01"), clock("10:30")), clock("10:30"), 30 * MIN_US)
    start, end = clock("06:00"), clock("10:30")
    (day,) = plant.results.days("bottling", start, end)
    free = plant.results.window("bottling", start, end)
    assert day.window.elements == free.window.elements
    tiles = plant.results.instances("bottling", DAY_US + 6 * 60 * MIN_US, DAY_US + 30 * 60 * MIN_US)
    assert sum(t.end_us - t.start_us for t in tiles) == MINUTES_A_DAY * MIN_US


@pytest.mark.parametrize(
    "edges",
    [
        ("06:20:00", "06:40:17", "07:05:59", "07:30:00"),
        ("06:40:00", "06:40:10", "06:40:50", "06:41:00"),
        ("06:52:00", "06:52:20", "06:52:21", "06:53:00"),
    ],
)
def test_s42_windows_off_the_minute_sum_to_their_whole(db: Database, edges: tuple[str, ...]) -> None:
    plant = Plant(db)
    plant.now_us = clock("05:59")
    plant.play(steady("06:00", "08:30"), clock("08:30"), 50 * MIN_US)
    cuts = [clock(e) for e in edges]
    whole = plant.results.window("bottling", cuts[0], cuts[-1]).window.elements
    parts = Elements()
    for a, b in pairwise(cuts):
        parts += plant.results.window("bottling", a, b).window.elements
    assert whole.total_count > 0
    assert parts == whole


def test_s27_a_run_through_a_break_is_planned_production(db: Database) -> None:
    """The break from 07:00 to 07:10 is worked through by both machines."""
    e = closed(db).results.shift(*EARLY).window.elements
    assert (e.excluded_us, e.run_us, e.planned_busy_us) == (0, 120 * MIN_US, 120 * MIN_US)
