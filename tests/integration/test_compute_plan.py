"""S-32, S-34: instances in the database when a calendar takes over, and from day to day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from compute_plant import FILLER, HOUR_US, PLANT, Plant, alive, clock, sample

from oee.compute.plan import Planner, timeline
from oee.config.plant import load_plant_text
from oee.errors import ConfigError
from oee.store.database import Database
from oee.store.instances import put_instances
from oee.store.master import ALWAYS_US, ConfigRevision, Master

DAY = date(2026, 3, 2)
HEADS = ['timezone: UTC, day_start: "00:00"', 'timezone: UTC, day_start: "07:00"', 'timezone: UTC, day_start: "12:00"']
HEADS += ['timezone: Asia/Tokyo, day_start: "06:00"', 'timezone: America/New_York, day_start: "06:00"']
WHOLE_DAYS = PLANT.replace(
    "week: {mon: [early, late, third], tue: [early, late, third]}",
    "rotation: {anchor: 2026-01-01, days: [[early, late, third]]}",
)


def plant(head: str) -> str:
    return WHOLE_DAYS.replace('timezone: UTC, day_start: "06:00"', head)


def revisions(*heads: str) -> tuple[ConfigRevision, ...]:
    """Each in force from 03:00, the next ones a day and an hour later each."""
    effective = [ALWAYS_US, *(clock("03:00") + n * 25 * HOUR_US for n in range(len(heads) - 1))]
    return tuple(
        ConfigRevision(n, us, load_plant_text(plant(head), "p"))
        for n, (us, head) in enumerate(zip(effective, heads, strict=True))
    )


@pytest.mark.parametrize("old", HEADS)
@pytest.mark.parametrize("new", HEADS)
def test_s34_a_new_day_start_or_zone_shares_no_name_and_leaves_no_hole(old: str, new: str) -> None:
    configs = revisions(old, new, old)
    whole = timeline("bottling", configs, DAY - timedelta(days=5), DAY + timedelta(days=9))
    assert len({i.key for i in whole}) == len(whole)
    assert all(a.end_us == b.start_us for a, b in pairwise(whole))
    assert all(i.start_us < i.end_us for i in whole)
    for n in range(-5, 9):
        first, last = DAY + timedelta(days=n), DAY + timedelta(days=9)
        part = timeline("bottling", configs, first, last)
        assert part == tuple(i for i in whole if i.production_date >= first.isoformat())


def test_s32_what_began_keeps_its_name_and_its_results_when_the_day_starts_later(db: Database) -> None:
    played = Plant(db, plant(HEADS[0]))
    played.now_us = clock("06:30")
    played.write([sample(f"{FILLER}/state", clock("00:30"), "6"), alive(clock("00:30"), played.now_us)])
    played.service.recompute()
    Master(db).apply(plant(HEADS[1]), datetime.fromtimestamp(played.now_us / 1e6, UTC), played.now_us)
    played.now_us = clock("12:30") + 24 * HOUR_US
    played.write([alive(clock("06:30"), played.now_us)])
    played.restart().recompute()
    found = played.rows(
        "SELECT i.name, i.start_ts, r.revision FROM result r JOIN shift_instance i USING (instance_id)"
        " WHERE r.machine_id = 0 AND i.production_date = '2026-03-02' AND i.name LIKE 'early%' ORDER BY i.start_ts"
    )
    assert [(name, start.day, start.hour, revision) for name, start, revision in found] == [
        ("early", 2, 6, 1),
        ("early-2", 3, 6, 1),
    ]


def test_s32_instances_that_share_a_name_or_leave_a_hole_are_refused(db: Database) -> None:
    Plant(db, PLANT)
    line_id = Master(db).ids().line("bottling")
    a, b = timeline("bottling", revisions(HEADS[0]), DAY, DAY)[:2]
    with db.transaction() as conn:
        with pytest.raises(ConfigError, match="do not meet"):
            put_instances(conn, "bottling", line_id, [b, a], 0)
        with pytest.raises(ConfigError, match=f"has 2026-03-02 {a.name} twice"):
            put_instances(conn, "bottling", line_id, [a, *[type(a)(*a.key, a.end_us, b.end_us)]], 0)


def test_s34_midnight_writes_the_new_day_alone_and_a_restart_changes_nothing(db: Database) -> None:
    played = Plant(db, WHOLE_DAYS)
    start = clock("06:00") - 60 * 24 * HOUR_US
    played.now_us = clock("08:05")
    played.write([sample(f"{FILLER}/state", start, "6"), alive(start, start + 1, FILLER)])
    planner, ids = Planner(db, Master(db)), Master(db).ids()
    assert planner.ensure_line(ids, "bottling", played.now_us) > 60 * 4
    assert planner.ensure_line(ids, "bottling", played.now_us) == 0
    assert planner.ensure_line(ids, "bottling", played.now_us + 24 * HOUR_US) == 4
    said = (
        "SELECT i.instance_id, i.start_ts, i.end_ts, i.retired, input_version, cause"
        " FROM shift_instance i JOIN ledger l USING (instance_id) ORDER BY 1"
    )
    before = played.rows(said)
    assert Planner(db, Master(db)).ensure_line(ids, "bottling", played.now_us + 24 * HOUR_US) > 60 * 4
    assert played.rows(said) == before
    assert {row[-2:] for row in before} == {(1, "shift closed")}


def test_one_line_without_a_plan_stops_no_other(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    second = WHOLE_DAYS[WHOLE_DAYS.index("  bottling:") : WHOLE_DAYS.index("\nreasons:") + 1].replace(
        "bottling:", "zz:"
    )
    played = Plant(db, WHOLE_DAYS.replace("\nreasons:", "\n" + second + "reasons:", 1))
    real = Planner.ensure_line

    def broken(self: Planner, ids: object, line: str, now_us: int) -> int:
        if line == "bottling":
            raise ConfigError("shifts overlap")
        return real(self, ids, line, now_us)  # type: ignore[arg-type]

    monkeypatch.setattr(Planner, "ensure_line", broken)
    played.now_us = clock("08:05")
    played.service.tick()
    assert played.rows("SELECT DISTINCT l.id FROM shift_instance JOIN line l USING (line_id)") == [("zz",)]
