"""S-52, S-54: a configuration reaches back to the shifts whose standstill it cuts."""

from __future__ import annotations

import pytest
from compute_plant import DAY_US, FILLER, HOUR_US, MIN_US, PLANT, Plant, alive, clock, sample

from oee.compute.service import mark_again
from oee.store.database import Database
from oee.store.master import Master
from oee.store.times import from_us

DAY = 24 * HOUR_US
SHIFTS = "[early, late, third, night]"
NIGHT = '      third: {start: "10:00", end: "12:00"}\n'
ROUND = PLANT.replace("[early, late, third]", SHIFTS).replace(
    NIGHT, NIGHT + '      night: {start: "22:00", end: "06:00"}\n'
)
CLOSED = ROUND.replace("    week:", "    exceptions: [{date: 2026-03-03, closed: true}]\n    week:")


def stops(plant: Plant, shift: str) -> list[tuple[str, int, int]]:
    """Of each revision of a shift of Monday: cause, unplanned and small stops [µs]."""
    return plant.rows(
        "SELECT r.cause, (r.document->'elements'->>'unplanned_stop_us')::bigint,"
        " (r.document->'elements'->>'small_stop_us')::bigint FROM result r JOIN shift_instance i USING (instance_id)"
        f" WHERE i.name = '{shift}' AND i.production_date = '2026-03-02' AND r.machine_id = 0 ORDER BY r.revision"
    )


@pytest.mark.parametrize("stopped_min", [3, 150])
def test_s54_a_calendar_reaches_the_shift_whose_standstill_it_cuts(db: Database, stopped_min: int) -> None:
    """The filler stands from before the night's end on; then the day that follows is closed."""
    plant = Plant(db, ROUND)
    start, day_two = clock("22:00"), clock("06:00") + DAY
    plant.now_us = day_two + 5 * HOUR_US
    plant.write(
        [
            sample(f"{FILLER}/state", start, "6"),
            sample(f"{FILLER}/total", start, 0),
            sample(f"{FILLER}/state", day_two - stopped_min * MIN_US, "10"),
            sample(f"{FILLER}/state", day_two + 10 * MIN_US, "6"),
            alive(start, plant.now_us),
        ]
    )
    plant.service.recompute()
    version = "SELECT input_version FROM ledger JOIN shift_instance i USING (instance_id) WHERE i.name = 'night'"
    (((before,),), told) = plant.rows(f"{version} AND production_date = '2026-03-02'"), stops(plant, "night")
    Master(db).apply(CLOSED, from_us(day_two), plant.now_us)
    ((after,),) = plant.rows(f"{version} AND production_date = '2026-03-02'")
    assert after > before
    plant.restart().recompute()
    revised = stops(plant, "night")
    if stopped_min == 3:
        assert told == [("shift closed", 3 * MIN_US, 0)]
        assert revised[1:] == [("configuration changed", 0, 3 * MIN_US)]
    mark_again(db, ["bottling"], DAY_US, DAY_US + 2 * DAY)
    plant.service.recompute()
    assert stops(plant, "night") == revised


def test_s54_a_machine_that_has_stood_for_days_draws_no_shift_before_into_it(db: Database) -> None:
    plant = Plant(db, ROUND)
    start = clock("06:00")
    plant.now_us = start + 4 * DAY
    plant.write(
        [
            sample(f"{FILLER}/state", start, "6"),
            sample(f"{FILLER}/state", start + HOUR_US, "10"),
            alive(start, plant.now_us),
        ]
    )
    plant.service.recompute()
    versions = "SELECT sum(input_version) FROM ledger WHERE end_ts <= '2026-03-05 06:00Z'"
    before = plant.rows(versions)
    Master(db).apply(ROUND.replace("ideal_cycle_s: 2", "ideal_cycle_s: 4"), from_us(start + 3 * DAY), plant.now_us)
    assert plant.rows(versions) == before
