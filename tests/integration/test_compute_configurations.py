"""Configurations over time (S-54): what is added, what reaches back, whose life proves what."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from oee.compute.queries import Results
from oee.compute.service import ComputeService
from oee.errors import NotFoundError
from oee.report.kpi import kpi_item
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
    cycles = [[o.ideal_cycle_us for o in s.window.elements.output] for s in shifts if s.instance.planned]
    assert cycles == [[5 * S, 10 * S], [5 * S]]
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


EXCEPTIONS = "    week: {mon: [early, late]}\n    exceptions:\n"


def with_exception(said: str) -> str:
    return plant().replace("    week: {mon: [early, late]}\n", f"{EXCEPTIONS}      - {{{said}}}\n")


def worked_monday(db: Database) -> Played:
    """Both shifts of the Monday, worked and published."""
    played = Played(db, plant())
    played.run_from("l1", 6, 22)
    played.now = at(30)
    played.service.recompute()
    return played


def shift_revisions(played: Played, *names: str) -> dict[str, list[tuple[int, str]]]:
    found = {name: played.results.revisions("l1", "2026-03-02", name) for name in names}
    return {name: [(r.revision, r.cause) for r in rows] for name, rows in found.items()}


ONCE = [(1, "shift closed")]
TWICE = [*ONCE, (2, "calendar changed")]


@pytest.mark.parametrize("said", ["shift: late, cancelled: true", "shifts: [early]"])
def test_s32_a_shift_cancelled_in_the_past_has_a_revision_without_planned_time(db: Database, said: str) -> None:
    played = worked_monday(db)
    played.apply(with_exception(f"date: 2026-03-02, {said}"), effective_us=at(0))
    played.service.recompute()
    assert shift_revisions(played, "early", "late") == {"early": ONCE, "late": TWICE}
    late = played.results.shift("l1", "2026-03-02", "late")
    e = late.window.elements
    assert (late.instance.cancelled, e.planned_busy_us, e.not_scheduled_us) == (True, 0, 8 * HOUR)
    assert (e.total_count, e.unscheduled[0].total_count) == (0, 2880)  # made all the same: TEEP counts them
    first = played.results.shift("l1", "2026-03-02", "late", revision=1).window.elements
    assert (first.planned_busy_us, first.total_count) == (8 * HOUR, 2880)


def test_s33_a_closed_date_in_the_past_revises_all_its_shifts_and_back_again(db: Database) -> None:
    played = worked_monday(db)
    played.apply(with_exception("date: 2026-03-02, closed: true"), effective_us=at(0))
    played.service.recompute()
    assert shift_revisions(played, "early", "late") == {"early": TWICE, "late": TWICE}
    before = played.results.shift("l1", "2026-03-02", "early", revision=1).window
    played.apply(plant(), effective_us=at(0.5))
    played.service.recompute()
    early = played.results.shift("l1", "2026-03-02", "early")
    assert (early.revision, early.window) == (3, before)


def test_s32_a_shift_moved_in_the_past_stays_the_same_shift(db: Database) -> None:
    played = worked_monday(db)
    moved = with_exception('date: 2026-03-02, shift: late, start: "14:30", end: "21:30"')
    played.apply(moved, effective_us=at(0))
    played.service.recompute()
    assert shift_revisions(played, "early", "late") == {"early": ONCE, "late": TWICE}
    late = played.results.shift("l1", "2026-03-02", "late")
    assert (late.window.start_us, late.window.end_us) == (at(14.5), at(21.5))
    day = sum(r.window.elements.calendar_us for r in played.results.shifts("l1", at(6), at(30)))
    assert day == 24 * HOUR


def test_s33_a_shift_that_the_calendar_forgot_is_due_no_more_until_it_is_back(db: Database) -> None:
    played = worked_monday(db)
    played.apply(plant().replace("mon: [early, late]", "mon: [early]"), effective_us=at(0))
    played.service.recompute()
    assert played.service.recompute().shifts == 0
    with pytest.raises(NotFoundError, match="late"):
        played.results.shift("l1", "2026-03-02", "late")
    played.apply(plant(ideal=5), effective_us=at(0))
    played.service.recompute()
    assert shift_revisions(played, "late") == {"late": TWICE}
    assert played.results.shift("l1", "2026-03-02", "late").window.elements.output[0].ideal_cycle_us == 5 * S


def test_s54_a_new_calendar_in_mid_week_rules_from_its_first_production_day(db: Database) -> None:
    daily = "week: {" + ", ".join(f"{d}: [early, late]" for d in ("mon", "tue", "wed", "thu", "fri")) + "}"
    before = plant().replace("week: {mon: [early, late]}", daily)
    played = Played(db, before)
    played.run_from("l1", 6, 14)
    played.now = at(24 + 15)  # Tuesday, in the late shift
    played.service.recompute()
    after = before.replace('late: {start: "14:00", end: "22:00"}', 'late: {start: "14:00", end: "20:00"}')
    played.apply(after)
    played.service.recompute()
    rows = played.results.instances("l1", at(6), at(24 * 5 + 6))
    assert all(a.end_us == b.start_us for a, b in pairwise(rows))
    ends = [(r.end_us - at(0)) / HOUR % 24 for r in rows if r.name == "late"]
    assert ends == [22, 22, 20, 20, 20]


@pytest.mark.parametrize(
    ("policy", "excluded", "counted"),
    [("break_run: counts_as_planned", 0, 2880), ("break_run: excluded", HOUR, 2520)],
)
def test_s27_a_run_beats_a_break_as_the_policy_says(db: Database, policy: str, excluded: int, counted: int) -> None:
    paused = plant().replace('end: "14:00"}', 'end: "14:00", breaks: [{start: "10:00", end: "11:00"}]}', 1)
    played = Played(db, f"{paused}policies: {{{policy}}}\n")
    played.run_from("l1", 6, 14)
    played.now = at(15)
    played.service.recompute()
    e = played.results.shift("l1", "2026-03-02", "early").window.elements
    assert (e.excluded_us, e.run_us, e.total_count) == (excluded, 8 * HOUR - excluded, counted)


def test_s27_a_run_beats_no_maintenance_and_a_machine_has_its_own(db: Database) -> None:
    window = "{start: 2026-03-02T08:00, end: 2026-03-02T09:00, machines: [m]}"
    kept = plant().replace("    week:", f"    maintenance: [{window}]\n    week:")
    for policy, found in (("excluded", (HOUR, 0)), ("planned_stop", (0, HOUR))):
        source = f"{kept}policies: {{maintenance: {policy}}}\n"
        if policy == "excluded":
            played = Played(db, source)
            played.run_from("l1", 6, 14)
            played.now = at(15)
        else:
            played.apply(source, effective_us=at(0))
        played.service.recompute()
        e = played.results.shift("l1", "2026-03-02", "early").window.elements
        assert (e.excluded_us, e.planned_stop_us) == found
        assert e.run_us == 7 * HOUR


def test_s33_the_team_stands_in_the_shift_and_its_results_and_another_one_revises_them(db: Database) -> None:
    teams = "rotation: {anchor: 2026-03-02, days: [[early], [late]], teams: {A: 0, B: 1}}"
    crews = plant().replace("week: {mon: [early, late]}", teams)
    played = Played(db, crews)
    played.run_from("l1", 6, 22)
    played.now = at(23)
    played.service.recompute()
    assert [r.instance.team for r in played.results.shifts("l1", at(6), at(22))] == ["A", "B"]
    stored = played.results.instances("l1", at(6), at(24 + 22))
    assert [s.team for s in stored if s.planned] == ["A", "B", "B", "A"]
    first = played.results.shift("l1", "2026-03-02", "early")
    assert kpi_item(first, UTC)["team"] == "A"
    played.apply(crews.replace("{A: 0, B: 1}", "{B: 0, A: 1}"), effective_us=at(0))
    played.service.recompute()
    again = played.results.shift("l1", "2026-03-02", "early")
    assert (again.revision, again.cause, again.instance.team) == (2, "calendar changed", "B")
    assert again.window == first.window
