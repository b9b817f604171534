"""R23: a plant file that was applied once never stops a plant, whatever later versions check."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from compute_plant import FILLER, PLANT, Plant, alive, clock, sample
from structlog.testing import capture_logs

from oee.config.faults import PlantFileError
from oee.config.plant import load_plant_text
from oee.errors import NotFoundError
from oee.store.database import Database
from oee.store.master import ALWAYS_US, Master

WEEK = "    week: {mon: [early, late, third], tue: [early, late, third]}"
CLOSED_AND_MOVED = """\
    exceptions:
      - {date: 2026-12-25, closed: true}
      - {date: 2026-12-25, shift: late, start: "08:00", end: "11:00"}
"""
MOVED_OVER_EACH_OTHER = """\
    exceptions:
      - {date: 2026-03-02, shift: early, start: "06:00", end: "09:00"}
      - {date: 2026-03-02, shift: late, start: "08:00", end: "10:00"}
"""
SAME_WEEK = "    week: {mon: [early, late], tue: [early, late]}"
OTHER = f"""
  other:
    shifts:
      early: {{start: "06:00", end: "08:00"}}
      late: {{start: "08:00", end: "10:00"}}
{SAME_WEEK}
connectors:
"""
PACKING = """
  packing:
    calendar: other
    machines:
      wrapper:
        ideal_cycle_s: 2
        signals:
          state: {profile: packml}
          good: {counter: {}}
reasons:
"""
TWO_LINES = PLANT.replace("\nconnectors:\n", OTHER).replace("\nreasons:\n", PACKING)
NO_DAYS = "    rotation: {anchor: 2026-01-05, days: []}"


def stored(db: Database, source: str, since: str = "-infinity") -> int:
    """Put a plant file into the database as a version before may have applied it."""
    with db.transaction() as conn:
        row = conn.execute(
            "INSERT INTO config_revision (effective_from, sha256, source) VALUES (%s, 'x', %s) RETURNING config_id",
            [since, source],
        ).fetchone()
    assert row
    return int(row[0])


def with_exceptions(text: str) -> str:
    return PLANT.replace(WEEK, text + WEEK)


@pytest.mark.parametrize(
    "source",
    [with_exceptions(CLOSED_AND_MOVED), with_exceptions(MOVED_OVER_EACH_OTHER), PLANT.replace(WEEK, NO_DAYS)],
    ids=["closed-and-moved", "moved-over-each-other", "no-days"],
)
def test_r23_what_was_applied_stays_in_force_though_it_would_be_refused_today(db: Database, source: str) -> None:
    with pytest.raises(PlantFileError):
        load_plant_text(source, "plant.yaml")
    number = stored(db, source)
    with capture_logs() as logs:
        (config,) = Master(db).configs()
    assert config.effective_us == ALWAYS_US
    assert set(config.plant.lines["bottling"].machines) == {"filler", "capper"}
    told = str(logs)
    assert f"applied plant file {number}" in told
    assert "oee apply" in told


def test_r23_a_line_whose_shifts_do_not_fit_together_stops_no_other_and_an_apply_mends_it(db: Database) -> None:
    plant = Plant(db, TWO_LINES)
    spoilt = TWO_LINES.replace(SAME_WEEK, MOVED_OVER_EACH_OTHER + SAME_WEEK)
    plant.rows(f"UPDATE config_revision SET source = $${spoilt}$$ RETURNING 1")
    plant.restart()
    plant.now_us = clock("08:05")
    plant.write([sample(f"{machine}/state", clock("06:00"), "6") for machine in (FILLER, "packing/wrapper")])
    plant.write([alive(clock("06:00"), plant.now_us, FILLER, "packing/wrapper")])
    with capture_logs() as logs:
        plant.service.tick()
        plant.service.tick()
    assert str(logs).count("overlap on 2026-03-02") == 1
    lines = "SELECT DISTINCT l.id FROM result JOIN shift_instance USING (instance_id) JOIN line l USING (line_id)"
    assert plant.rows(f"{lines} ORDER BY 1") == [("bottling",)]
    Master(db).apply(TWO_LINES, datetime(2026, 2, 20, tzinfo=UTC), plant.now_us)
    plant.restart().tick()
    assert plant.rows(f"{lines} ORDER BY 1") == [("bottling",), ("packing",)]


def test_r23_a_plant_file_that_cannot_be_read_is_named_and_the_others_serve(db: Database) -> None:
    number = stored(db, PLANT.replace("timezone: UTC", "timezone: Europe/Nowhere"))
    master = Master(db)
    unreadable = "no applied plant file can be read by this version: run `oee apply`"
    with capture_logs() as logs, pytest.raises(NotFoundError, match=unreadable):
        master.config_at(clock("06:00"))
    told = str(logs)
    assert f"applied plant file {number}:3: plant.timezone" in told
    assert "apply a corrected one" in told
    assert master.apply(PLANT, None, clock("06:00"))
    (config,) = master.configs()
    assert config.plant.plant.timezone == "UTC"
    stored(db, "version: [", "2026-03-02 12:00Z")
    assert [c.config_id for c in Master(db).configs()] == [config.config_id]
