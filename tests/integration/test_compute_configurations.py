"""Configurations over time (S-54): what is added, what reaches back, whose life proves what."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from oee.compute.queries import Results
from oee.compute.service import ComputeService
from oee.errors import NotFoundError
from oee.spool import SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore
from oee.store.times import from_us, to_us

S, MIN, HOUR = 1_000_000, 60_000_000, 3_600_000_000
DAY = to_us(datetime(2026, 3, 2, tzinfo=UTC))
HEAD = """\
version: 1
plant: {id: acme, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts: {early: {start: "06:00", end: "14:00"}, late: {start: "14:00", end: "22:00"}}
    week: {mon: [early, late]}
connectors:
  plc1: {kind: modbus, host: 127.0.0.1, port: 5020}
  plc2: {kind: modbus, host: 127.0.0.1, port: 5021}
lines:
"""
LINE = """\
  {line}:
    calendar: default
    machines:
      m:
        ideal_cycle_s: {ideal}
        signals:
          state:
            {{connector: plc1, address: "holding:0", type: uint16, profile: custom, map: {{1: run, 2: unplanned_stop}}}}
          good: {{connector: plc2, address: "holding:1", type: uint32}}
"""


def plant(ideal: int = 10, lines: tuple[str, ...] = ("l1",)) -> str:
    return HEAD + "".join(LINE.format(line=line, ideal=ideal) for line in lines)


def at(hour: float) -> int:
    return DAY + round(hour * HOUR)


class Played:
    """A plant in a database, with a clock of its own."""

    def __init__(self, db: Database, source: str) -> None:
        self.db, self.now = db, at(5)
        Master(db).apply(source, None, self.now)
        self.open()

    def open(self) -> None:
        self.service = ComputeService(self.db, now_us=lambda: self.now)
        self.results = Results(self.db, now_us=lambda: self.now)

    def apply(self, source: str, effective_us: int | None = None) -> None:
        Master(self.db).apply(source, None if effective_us is None else from_us(effective_us), self.now)
        self.open()

    def run_from(self, line: str, start: float, end: float, rate: int = 10) -> None:
        """The machine runs and makes a part each ``rate`` seconds; both sources are alive all along."""
        key = f"{line}/m"
        made = round((end - start) * 3600) // rate
        samples = [SpoolSample(f"{key}/state", at(start), 1, 0)]
        samples += [SpoolSample(f"{key}/good", at(start) + n * rate * S, n, 0) for n in range(made + 1)]
        alive = [SpoolAlive(plc, at(start), at(end), (key,)) for plc in ("plc1", "plc2")]
        SampleStore(self.db).write(samples, alive)


def test_s26_a_dead_state_source_is_no_data_although_the_counter_lives(db: Database) -> None:
    played = Played(db, plant())
    played.run_from("l1", 6, 7)
    SampleStore(db).write([], [SpoolAlive("plc2", at(7), at(8), ("l1/m",))])
    played.now = at(8)
    played.service.tick()
    elements = played.results.window("l1", at(6), at(8)).window.elements
    assert (elements.run_us, elements.no_data_us) == (HOUR + MIN, HOUR - MIN)


def test_s26_a_dead_counter_beside_a_live_state_is_flagged_not_no_data(db: Database) -> None:
    played = Played(db, plant())
    played.run_from("l1", 6, 7)
    SampleStore(db).write([], [SpoolAlive("plc1", at(7), at(8), ("l1/m",))])
    played.now = at(8)
    played.service.tick()
    window = played.results.window("l1", at(6), at(8)).window
    assert window.elements.no_data_us == 0
    assert "counts_incomplete" in window.flags


def test_s54_a_change_that_reaches_back_revises_the_published_shift(db: Database) -> None:
    played = Played(db, plant(ideal=10))
    played.run_from("l1", 6, 14)
    played.now = at(20)
    played.service.recompute()
    first = played.results.shift("l1", "2026-03-02", "early")
    played.apply(plant(ideal=5), effective_us=at(0))
    played.service.recompute()
    second = played.results.shift("l1", "2026-03-02", "early")
    assert (first.revision, second.revision) == (1, 2)
    assert second.cause == "configuration changed"
    assert second.window.elements.output[0].ideal_cycle_us == 5 * S
    assert first.window.elements.good_count == second.window.elements.good_count == 2880


def test_s12_a_free_window_judges_each_shift_as_its_own_result_does(db: Database) -> None:
    played = Played(db, plant(ideal=10))
    played.now = at(13.5)
    played.apply(plant(ideal=5))
    played.run_from("l1", 6, 22)
    played.now = at(23)
    played.service.recompute()
    shifts = played.results.shifts("l1", at(6), at(22))
    whole = played.results.window("l1", at(6), at(22)).window.elements
    assert [s.window.elements.output[0].ideal_cycle_us for s in shifts if s.instance.planned] == [10 * S, 5 * S]
    assert whole == shifts[0].window.elements + shifts[1].window.elements


def test_a_line_that_is_added_later_breaks_no_other_and_has_results_from_its_first_sample(db: Database) -> None:
    played = Played(db, plant())
    played.run_from("l1", 6, 9)
    played.run_from("l2", 7, 9)  # collected before the database knew the line: kept (R1)
    played.now = at(9)
    played.service.tick()
    played.apply(plant(lines=("l1", "l2")))
    played.service.tick()
    assert played.results.state("l1").category.word == "run"
    result = played.results.current("l2")
    assert result is not None
    assert result.window.elements.good_count == 720


def test_s11_late_values_between_two_told_ones_equal_a_full_recompute(db: Database) -> None:
    played = Played(db, plant())
    key, store = "l1/m/good", SampleStore(db)
    store.write(
        [SpoolSample("l1/m/state", at(6), 1, 0), SpoolSample(key, at(6), 100, 0), SpoolSample(key, at(7), 200, 0)],
        [SpoolAlive(plc, at(6), at(7), ("l1/m",)) for plc in ("plc1", "plc2")],
    )
    played.now = at(7)
    played.service.tick()
    store.write([SpoolSample(key, at(6) + 50 * MIN, 100, 0)], [])
    played.service.tick()
    assert played.results.window("l1", at(6), at(7)).window.elements.good_count == 100
    assert played.results.window("l1", at(6), at(6) + 50 * MIN).window.elements.good_count == 0


def test_s34_a_calendar_applied_now_finishes_what_began(db: Database) -> None:
    played = Played(db, plant())
    played.run_from("l1", 6, 14)
    played.now = at(15)
    played.service.recompute()
    played.apply(plant().replace('early: {start: "06:00", end: "14:00"}', 'early: {start: "07:00", end: "14:00"}'))
    played.service.recompute()
    early = played.results.shift("l1", "2026-03-02", "early")
    assert (early.revision, early.instance.start_us) == (1, at(6))
    tiles = played.results.instances("l1", at(6), at(24 * 8))
    assert all(a.end_us == b.start_us for a, b in pairwise(tiles))
    assert [t.start_us for t in tiles if t.production_date == "2026-03-09" and t.name == "early"] == [at(24 * 7 + 7)]


def test_the_state_in_the_very_last_row_holds_on(db: Database) -> None:
    """Two rows are all that is known: it ran an hour, then it stood, and a value holds until the next one."""
    held = plant().replace("ideal_cycle_s: 10", "ideal_cycle_s: 10\n        max_age_s: null")
    played = Played(db, held)
    states = [SpoolSample("l1/m/state", at(6), 1, 0), SpoolSample("l1/m/state", at(7), 2, 0)]
    SampleStore(db).write(states, [])
    played.now = at(20)
    played.service.recompute()
    elements = played.results.shift("l1", "2026-03-02", "early").window.elements
    assert (elements.run_us, elements.unplanned_stop_us) == (HOUR, 7 * HOUR)


def test_a_shift_before_the_first_data_has_no_result_and_is_not_running(db: Database) -> None:
    played = Played(db, plant())
    played.run_from("l1", 15, 16)
    played.now = at(17)
    played.service.tick()
    with pytest.raises(NotFoundError, match="has no data of shift early"):
        played.results.shift("l1", "2026-03-02", "early")
    assert [r.instance.name for r in played.results.shifts("l1", at(0), at(17))] == ["late"]
