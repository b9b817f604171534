"""States without a state signal through the store: by import exact, live the same in any steps (S-21, S-42)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from compute_plant import CAPPER, FILLER, HOUR_US, MIN_US, S_US, Plant, Record, alive, clock, sample

from oee.collect.importer import import_csv
from oee.compute.data_health import DataHealth
from oee.model import Category, ShiftResult
from oee.store.database import Database

PLANT = """
version: 1
plant: {id: acme, timezone: UTC, day_start: "06:00"}
calendars:
  default:
    shifts: {early: {start: "06:00", end: "08:00"}, late: {start: "08:00", end: "10:00"}}
    week: {mon: [early, late]}
products: {A: {}, B: {ideal_cycle_s: 10}}
connectors:
  plc: {kind: modbus, host: 127.0.0.1, port: 5020}
lines:
  bottling:
    calendar: default
    rollup: {machine: filler, count_good: packer}
    machines:
      filler:
        ideal_cycle_s: 2
        parts_per_count: 3
        products: {B: {ideal_cycle_s: 10}}
        signals:
          state: {derive: counter}
          total: {connector: plc, address: "holding:40003", type: uint32}
          product: {connector: plc, address: "holding:40101", type: uint16}
      capper:
        ideal_cycle_s: 3
        signals:
          state: {derive: speed, above: 10}
          speed: {connector: plc, address: "holding:40011", type: uint16, scale: 0.1, offset: -5}
      packer: {signals: {good: {}}}
policies: {derive_k: 4}
"""
BY_IMPORT = PLANT.replace('connector: plc, address: "holding:40003", type: uint32', "").replace(
    'connector: plc, address: "holding:40101", type: uint16', ""
)
RUN, STOP, SMALL, DARK = Category.RUN, Category.UNPLANNED_STOP, Category.SMALL_STOP, Category.NO_DATA


def imported(db: Database, folder: Path, rows: list[tuple[str, str, str, object]], source: str = BY_IMPORT) -> Plant:
    plant = Plant(db, source)
    lines = [f"2026-03-02T{at}Z,{machine},{signal},{value}" for at, machine, signal, value in rows]
    (folder / "rows.csv").write_text("\n".join(["ts,machine,signal,value,quality", *lines]) + "\n")
    plant.now_us = clock("12:00")
    told: list[str] = []
    import_csv(db, folder / "rows.csv", plant.now_us, told.append)
    assert not any("rejected" in line and " 0 rejected" not in line for line in told), told
    plant.service.recompute()
    return plant


def ticks(start: str, end: str, step_s: int) -> list[str]:
    return [
        f"{t // 3600 % 24:02}:{t // 60 % 60:02}:{t % 60:02}"
        for t in range((clock(start) - clock("00:00")) // S_US, (clock(end) - clock("00:00")) // S_US + 1, step_s)
    ]


def spans(result: ShiftResult) -> list[tuple[int, int, Category]]:
    """Segments in seconds from 06:00."""
    start = clock("06:00")
    return [((s.start_us - start) // S_US, (s.end_us - start) // S_US, s.category) for s in result.window.segments]


def test_s21_a_stop_starts_at_the_last_increment_once_the_limit_has_passed(db: Database, tmp_path: Path) -> None:
    """k 4 × 2 s × 3 parts a count = 24 s, of B 120 s; pauses of 24 s, 25 s, 394 s, and of B 100 s and 121 s."""
    moments = [*ticks("06:00", "06:10", 6), "06:10:24", "06:10:49", "06:10:55", *ticks("06:17:29", "07:00", 6)]
    moments += ["07:01:40", "07:03:41", *ticks("07:03:45", "08:00", 5)]
    rows: list[tuple[str, str, str, object]] = [(at, "filler", "total", n) for n, at in enumerate(moments)]
    rows += [("06:00:00", "filler", "product", "A"), ("06:59:59", "filler", "product", "B")]
    plant = imported(db, tmp_path, rows)
    result = plant.results.shift("bottling", "2026-03-02", "early", "filler")
    found = [s for s in spans(result) if s[2] is not RUN]
    assert found[0] == (624, 649, SMALL)
    assert found[1] == (655, 1049, STOP)
    assert found[2] == (3700, 3821, SMALL)
    assert len(found) == 3


def test_s21_counts_read_once_a_minute_say_run_and_the_end_stands_where_a_count_holds(
    db: Database, tmp_path: Path
) -> None:
    """Samples further apart than the limit: ten counts a minute come every 6 s, one in a minute does not."""
    rows: list[tuple[str, str, str, object]] = [
        (f"06:{minute:02}:00", "filler", "total", 10 * min(minute, 20) + max(minute - 20, 0)) for minute in range(31)
    ]
    result = imported(db, tmp_path, rows).results.shift("bottling", "2026-03-02", "early", "filler")
    assert spans(result) == [(0, 1200, RUN), (1200, 7200, STOP)]
    assert result.window.elements.run_us == 20 * MIN_US
    assert result.window.elements.no_data_us == 0


def test_s21_the_speed_says_run_above_its_threshold(db: Database, tmp_path: Path) -> None:
    """Raw × 0.1 − 5 above 10: 150 is not, 151 is; a Bad value says nothing (S-28)."""
    rows = [("06:00:00", 151), ("06:30:00", 150), ("06:40:00", 900), ("06:50:00", "5,bad"), ("08:00:00", 0)]
    source = PLANT.replace('connector: plc, address: "holding:40011", type: uint16, ', "")
    plant = imported(db, tmp_path, [(at, "capper", "speed", v) for at, v in rows], source)
    result = plant.results.shift("bottling", "2026-03-02", "early", "capper")
    assert spans(result) == [(0, 1800, RUN), (1800, 2400, STOP), (2400, 7200, RUN)]
    capper = DataHealth(db, lambda: plant.now_us).line_health("bottling").machines[1]
    assert [s.signal for s in capper.signals] == ["speed"]


def test_s40_a_machine_that_only_counts_for_its_line_needs_no_state(db: Database, tmp_path: Path) -> None:
    rows: list[tuple[str, str, str, object]] = [
        (at, "filler", "total", n) for n, at in enumerate(ticks("06:00", "08:00", 6))
    ]
    rows += [("06:00:00", "packer", "good", 0), ("08:00:00", "packer", "good", 3000)]
    line = imported(db, tmp_path, rows).results.shift("bottling", "2026-03-02", "early").window.elements
    assert (line.total_count, line.good_count, line.no_data_us) == (3600, 3000, 0)


def test_s21_a_derived_state_can_not_be_imported(db: Database, tmp_path: Path) -> None:
    plant = Plant(db, BY_IMPORT)
    (tmp_path / "rows.csv").write_text("ts,machine,signal,value\n2026-03-02T06:00:00Z,filler,state,run\n")
    told: list[str] = []
    import_csv(db, tmp_path / "rows.csv", plant.now_us + HOUR_US * 12, told.append)
    assert any("no signal 'state'" in line for line in told)


def story(seed: int, end_us: int) -> list[Record]:
    """Counts and speeds with pauses, silences, Bad values, resets and changes of product."""
    rng = random.Random(seed)
    records: list[Record] = []
    for key, signal in ((FILLER, "total"), (CAPPER, "speed")):
        t, value, seen = clock("06:00"), 0, clock("06:00")
        records.append(sample(f"{key}/{signal}", t, value))
        while t < end_us:
            t += (
                rng.choice([2, 5, 6, 6, 20, 130 if rng.random() < 0.1 else 6, 700 if rng.random() < 0.02 else 6]) * S_US
            )
            move = rng.choice([0, 1, 1, 1, 2, 30])
            value = (value + move if rng.random() < 0.99 else 0) if signal == "total" else rng.choice([150, 151, 900])
            records.append(sample(f"{key}/{signal}", t, None if rng.random() < 0.01 else value))
            if rng.random() < 0.01:
                records.append(sample(f"{FILLER}/product", t, rng.choice(["A", "B"])))
            if rng.random() < 0.02:
                records.append(alive(seen, t - S_US, key))
                seen = t
            elif t - seen > 15 * S_US:
                records.append(alive(seen, t, key))
                seen = t
    kept = {(getattr(r, "key", "alive"), getattr(r, "ts_us", getattr(r, "through_us", 0))): r for r in records}
    return list(kept.values())


@pytest.mark.parametrize("seed", [1, 2])
def test_s42_derived_states_are_the_same_live_late_and_at_once(db: Database, seed: int) -> None:
    records, end = story(seed, clock("08:30")), clock("08:40")
    plant = Plant(db, PLANT)
    late = random.Random(seed).sample(records, len(records) // 12)
    plant.play([r for r in records if r not in late], end, 6 * MIN_US)
    for batch in (late[::2], late[1::2]):
        plant.write(batch)
        plant.service.tick()
    live = plant.facts()
    with db.transaction() as conn:
        conn.execute("DELETE FROM checkpoint")
        conn.execute("INSERT INTO dirty (machine_id, from_ts) SELECT machine_id, '2026-03-01' FROM machine")
    plant.service.tick()
    assert plant.facts() == live
