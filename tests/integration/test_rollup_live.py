"""S-40 … S-42 while shifts run and after: pooled lines and lines with counting machines, live and published alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from compute_plant import CAPPER, DAY_US, FILLER, HOUR_US, MIN_US, PLANT, Plant, alive, arrival_us, clock, sample, story

from oee.kernels.rollup import pools
from oee.model import SCALAR_ELEMENTS, ShiftResult
from oee.store.database import Database
from oee.store.master import Master

POOLED = PLANT.replace("{method: constraint, machine: filler}", "{method: pooled}")
COUNTED = PLANT.replace("machine: filler}", "machine: filler, count_good: capper}")
SOURCES = pytest.mark.parametrize("source", [POOLED, COUNTED], ids=["pooled", "counted"])
EARLY = ("bottling", "2026-03-02", "early")


def played(db: Database, source: str, until: str) -> Plant:
    plant = Plant(db, source)
    plant.now_us = clock("06:00")
    plant.play(story(7, clock("06:01"), clock("11:00")), clock(until), 15 * MIN_US)
    return plant


def said(result: ShiftResult) -> ShiftResult:
    """All figures of a result, less when and as which revision they were told."""
    return replace(result, id="", status="", revision=None, computed_us=0, through_us=0, cause="")


@SOURCES
def test_s50_live_at_close_equals_revision_1(db: Database, source: str) -> None:
    """The last live result is older than a reader takes: it is computed anew, by the same roll-up."""
    plant = played(db, source, "07:58")
    records = [r for r in story(7, clock("06:01"), clock("08:00")) if arrival_us(r) > plant.now_us]
    plant.now_us = clock("08:00")
    plant.write(records)
    plant.service.tick(close=False)
    before = plant.results.shift(*EARLY)
    plant.write([alive(clock("07:59"), clock("08:00"))])
    plant.service.tick()
    after = plant.results.shift(*EARLY)
    assert (before.status, after.status, after.revision) == ("live", "provisional", 1)
    assert said(before) == said(after)


@SOURCES
def test_s41_days_weeks_and_months_are_live_sums_of_their_parts(db: Database, source: str) -> None:
    plant = played(db, source, "10:40")
    span = (DAY_US - 24 * HOUR_US, DAY_US + 24 * HOUR_US)
    parts = plant.results.shifts("bottling", clock("06:00"), plant.now_us)
    free = plant.results.window("bottling", clock("06:00"), plant.now_us).window.elements
    for period, label in ((plant.results.days, "2026-03-02"), (plant.results.weeks, "2026-W10")):
        (told,) = period("bottling", *span)
        assert (told.status, told.revision, told.id) == ("live", None, f"bottling-line-{label}")
        assert told.instance.production_date == "2026-03-02"
        assert told.window.elements == free
    assert {p.status for p in parts} == {"live", "final"}
    (month,) = plant.results.months("bottling", DAY_US - 48 * HOUR_US, span[1])
    assert (month.id, month.instance.production_date) == ("bottling-line-2026-03", "2026-03-01")
    for name in SCALAR_ELEMENTS:
        if name not in ("calendar_us", "not_scheduled_us"):
            assert getattr(month.window.elements, name) == getattr(free, name)


@SOURCES
def test_s42_a_line_cut_anywhere_sums_to_itself(db: Database, source: str) -> None:
    plant = played(db, source, "09:00")
    edges = [clock(t) for t in ("06:00", "06:40:17", "07:05:59", "08:30:01")]
    whole = plant.results.window("bottling", edges[0], edges[-1]).window.elements
    parts = [plant.results.window("bottling", a, b).window.elements for a, b in pairwise(edges)]
    assert parts[0] + parts[1] + parts[2] == whole
    hours = plant.results.hours("bottling", edges[0], edges[-1])
    assert sum(h.window.elements.total_count for h in hours) == whole.total_count


@SOURCES
def test_s51_a_change_of_any_machine_that_makes_the_line_revises_it(db: Database, source: str) -> None:
    """A counting machine's own cycle says nothing of the line (S-40), what its counts are does."""
    plant = played(db, source, "08:20")
    first = plant.results.shift(*EARLY)
    changed = source.replace("ideal_cycle_s: 3\n", "ideal_cycle_s: 4\n        parts_per_count: 2\n")
    Master(db).apply(changed, datetime(2026, 3, 1, tzinfo=UTC), plant.now_us)
    plant.restart().tick()
    second = plant.results.shift(*EARLY)
    assert [r.cause for r in plant.results.revisions(*EARLY)][1:] == ["configuration changed"]
    assert second.definition != first.definition
    assert "of filler, capper" in second.definition
    pooled = pools(plant.results.plant().lines["bottling"].rollup)
    cycles = {o.ideal_cycle_us for o in second.window.elements.output}
    assert cycles == ({2_000_000, 4_000_000} if pooled else {2_000_000})


def test_s51_a_machine_that_does_not_touch_the_line_revises_only_itself(db: Database) -> None:
    plant = played(db, PLANT, "08:20")
    Master(db).apply(
        PLANT.replace("ideal_cycle_s: 3", "ideal_cycle_s: 4"), datetime(2026, 3, 1, tzinfo=UTC), plant.now_us
    )
    plant.restart().tick()
    assert [r.revision for r in plant.results.revisions(*EARLY)] == [1]
    assert plant.results.shift(*EARLY, machine="capper").revision == 2


def test_s40_a_silent_machine_pools_as_no_data(db: Database) -> None:
    plant = Plant(db, POOLED)
    plant.now_us = clock("05:55")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), alive(clock("06:00"), clock("08:00"), FILLER)])
    plant.now_us = clock("08:00")
    plant.service.tick()
    e = plant.results.shift(*EARLY).window.elements
    assert (e.calendar_us, e.no_data_us, e.excluded_us) == (240 * MIN_US, 110 * MIN_US, 10 * MIN_US)


def test_stops_go_on_past_the_range_and_across_configurations(db: Database) -> None:
    """The filler stands from 07:50 to 08:20; from 08:00 on another configuration rules."""
    plant = Plant(db)
    plant.now_us = clock("05:55")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), sample(f"{FILLER}/state", clock("07:50"), "10")])
    plant.write([sample(f"{FILLER}/state", clock("08:20"), "6"), alive(clock("06:00"), clock("09:00"), FILLER, CAPPER)])
    later = PLANT.replace("ideal_cycle_s: 2", "ideal_cycle_s: 4")
    Master(db).apply(later, datetime(2026, 3, 2, 7, 55, tzinfo=UTC), plant.now_us)
    plant.now_us = clock("09:00")
    plant.restart().tick()
    (whole,) = plant.results.stops("bottling", clock("06:00"), clock("09:00"))
    assert (whole.machine, whole.stop.start_us, whole.stop.end_us) == ("filler", clock("07:50"), clock("08:20"))
    assert (whole.stop.length_us, whole.stop.in_window_us) == (30 * MIN_US, 30 * MIN_US)
    assert whole.instance is not None
    assert whole.instance.name == "early"
    (part,) = plant.results.stops("bottling", clock("07:00"), clock("08:00"))
    assert (part.stop.end_us, part.stop.length_us, part.stop.in_window_us) == (clock("08:20"), 30 * MIN_US, 10 * MIN_US)
    (told,) = plant.results.window("bottling", clock("06:00"), clock("09:00")).window.stops
    assert told.in_window_us == 30 * MIN_US
