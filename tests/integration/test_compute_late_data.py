"""Late data, live: who holds a shift open, what a late sample changes, and nothing else (S-42, S-50 … S-52)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from compute_plant import CAPPER, DAY_US, FILLER, MIN_US, PLANT, S_US, Plant, Record, alive, clock, sample, story
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from main_job import module_database

from oee.collect.importer import import_csv
from oee.compute.service import mark_again
from oee.spool.records import SpoolAlive, SpoolSample
from oee.store.database import Database

WRAP = "packing/wrapper"
TWO_LINES = PLANT.replace(
    "lines:\n",
    """  plc2: {kind: modbus, host: 127.0.0.1, port: 5021}
lines:
  packing:
    calendar: default
    machines:
      wrapper:
        ideal_cycle_s: 2
        signals:
          state: {connector: plc2, address: "coil:0", profile: custom, map: {true: run, false: unplanned_stop}}
          good: {connector: plc2, address: "holding:40011", type: uint32, counter: {}}
""",
)


def running(key: str, state: object, counter: str, start: str, end: str) -> list[Record]:
    """A machine that runs and makes a part every two seconds; its collector's proof of life is apart."""
    records: list[Record] = [sample(f"{key}/state", clock(start), state)]
    times = range(clock(start), clock(end) + 1, 60 * S_US)
    return records + [sample(f"{key}/{counter}", t, (t - DAY_US) // (2 * S_US) % 65_536) for t in times]


def bottling(start: str, end: str) -> list[Record]:
    records = running(FILLER, "6", "total", start, end) + running(CAPPER, True, "good", start, end)
    return [*records, alive(clock(start), clock(end))]


def packing(start: str, end: str) -> list[Record]:
    return [*running(WRAP, True, "good", start, end), SpoolAlive("plc2", clock(start), clock(end), (WRAP,))]


def silent_since(plant: Plant, source: str, text: str) -> None:
    """The collector last reported at this time of the plant's clock."""
    at = datetime.fromtimestamp(clock(text) / 1e6, UTC).isoformat()
    plant.rows(f"UPDATE source_progress SET reported_at = '{at}' WHERE source = '{source}' RETURNING 1")


def published(plant: Plant) -> list[tuple[object, ...]]:
    """Revisions of the lines' own results: (line, shift, number, cause)."""
    return plant.rows(
        "SELECT l.id, i.name, r.revision, r.cause FROM result r JOIN shift_instance i USING (instance_id)"
        " JOIN line l USING (line_id) WHERE r.machine_id = 0 ORDER BY 1, i.start_ts, 3"
    )


@pytest.fixture
def two(db: Database) -> Plant:
    """Just after the early shift: bottling has all of it, packing's collector has delivered until 07:30."""
    plant = Plant(db, TWO_LINES)
    plant.now_us = clock("08:05")
    plant.write(bottling("06:00", "08:05"))
    plant.write(packing("06:00", "07:30"))
    return plant


CLOSED = "shift closed"


def test_s50_a_lagging_collector_holds_the_shifts_of_its_lines_open_and_no_others(two: Plant) -> None:
    two.service.tick()
    assert published(two) == [("bottling", "early", 1, CLOSED)]
    two.write(packing("07:31", "08:05"))
    two.service.tick()
    assert published(two) == [("bottling", "early", 1, CLOSED), ("packing", "early", 1, CLOSED)]
    assert two.results.shift("packing", "2026-03-02", "early").window.elements.no_data_us == 0


def test_s50_a_dead_collector_blocks_nothing_and_its_backlog_revises_what_it_touches(two: Plant) -> None:
    silent_since(two, "plc2", "08:01")
    two.service.be_patient()
    two.service.tick()
    assert published(two) == [("bottling", "early", 1, CLOSED)]  # just started: a backlog may be on its way
    silent_since(two, "plc2", "07:30")
    two.restart().tick()
    assert published(two) == [("bottling", "early", 1, CLOSED), ("packing", "early", 1, CLOSED)]
    first = two.results.shift("packing", "2026-03-02", "early").window
    assert first.elements.no_data_us == 29 * MIN_US  # the state holds for max_age, then nobody knows
    assert "coverage_low" in first.flags
    two.write(packing("07:31", "08:05"))
    two.service.tick()
    assert published(two)[1:] == [("packing", "early", 1, CLOSED), ("packing", "early", 2, "late data")]
    assert two.results.shift("packing", "2026-03-02", "early").window.elements.no_data_us == 0


def test_s50_a_dead_machine_behind_a_live_collector_blocks_nothing(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("08:00")
    plant.write(running(FILLER, "6", "total", "06:00", "07:30") + running(CAPPER, True, "good", "06:00", "08:00"))
    plant.write([alive(clock("06:00"), clock("07:30")), alive(clock("07:30"), clock("08:00"), CAPPER)])
    plant.service.tick()
    assert plant.revisions() == [("early", 1, CLOSED)]
    elements = [plant.results.shift("bottling", "2026-03-02", "early", m).window.elements for m in (None, "capper")]
    assert [e.no_data_us for e in elements] == [29 * MIN_US, 0]


def test_s51_recompute_of_any_range_makes_no_revision(db: Database) -> None:
    plant = Plant(db)
    plant.now_us = clock("10:30")
    plant.write(story(11, clock("06:00"), plant.now_us))
    plant.service.recompute()
    facts, results, revisions = plant.facts(), plant.published(), plant.revisions()
    for start, end in (("06:00", "08:00"), ("07:13:11", "08:40"), ("09:59:59", "10:01"), ("00:00", "23:00")):
        mark_again(db, ["bottling"], clock(start), clock(end))
        assert plant.restart().recompute().shifts > 0
        assert (plant.facts(), plant.published(), plant.revisions()) == (facts, results, revisions)


def day_file(folder: Path, *lost: str) -> Path:
    """A day of the filler with one stop in the late shift; the lines at these times are lost."""
    rows = [f"{t:%H:%M},total,{n}" for n, t in enumerate(minutes("06:00", "12:00"))]
    rows += ["06:00,state,6", "08:30,state,10", "08:50,state,6"]
    path = folder / "day.csv"
    kept = [f"2026-03-02T{r.replace(',', ':00Z,filler,', 1)}" for r in rows if r[:5] not in lost]
    path.write_text("\n".join(["ts,machine,signal,value", *kept]) + "\n", encoding="utf-8")
    return path


def minutes(start: str, end: str) -> Iterator[datetime]:
    return (datetime.fromtimestamp(us / 1e6, UTC) for us in range(clock(start), clock(end) + 1, MIN_US))


def test_s52_a_damaged_day_imported_again_whole_revises_the_shift_that_was_damaged(
    db: Database, tmp_path: Path
) -> None:
    plant = Plant(db)
    plant.now_us = clock("14:00")
    told: list[str] = []
    import_csv(db, day_file(tmp_path, "08:30", "08:50"), plant.now_us, told.append)
    plant.service.recompute()
    once = [(name, 1, CLOSED) for name in ("early", "late", "third")]
    assert [r for r in plant.revisions() if not r[0].startswith("off")] == once
    for _ in range(2):
        import_csv(db, day_file(tmp_path), plant.now_us, told.append)
        plant.restart().recompute()
        found = [r for r in plant.revisions() if not r[0].startswith("off")]
        assert found == [once[0], once[1], ("late", 2, "late data"), once[2]]
    stopped = plant.results.shift("bottling", "2026-03-02", "late").window.elements
    assert (stopped.unplanned_stop_us, told) == (20 * MIN_US, [])


# Any arrival is one: what a plant's inputs say does not depend on how they came.

START, END = clock("07:40"), clock("08:20")
TABLES = "config_revision, result, result_status, result_live, ledger, shift_instance, sample, liveness, dirty"


@dataclass(frozen=True)
class Batch:
    """Records that come together: of a collector's spool, or as a file."""

    records: tuple[Record, ...]
    is_file: bool


@pytest.fixture(scope="module")
def emptied(server: str, template: str) -> Iterator[Database]:
    with module_database(server, template) as conninfo, Database(conninfo) as opened:
        yield opened


def fresh(db: Database) -> Plant:
    """The plant in a database that holds nothing else; its instances are those of the first sample's day on."""
    with db.transaction() as conn:
        conn.execute(f"TRUNCATE {TABLES}, source_progress, state_interval, production, counter_decision".encode())
        conn.execute(b"TRUNCATE checkpoint, machine_facts, tag, machine, line, symbol RESTART IDENTITY CASCADE")
    return Plant(db)


def deliver(plant: Plant, batch: Batch) -> None:
    if not batch.is_file:
        plant.write(batch.records)
        return
    lines = [csv_line(r) for r in batch.records if isinstance(r, SpoolSample)]
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("\n".join(["ts,machine,signal,value,quality", *lines]) + "\n")
        file.flush()
        assert import_csv(plant.database, Path(file.name), END, str).rejected == 0


def csv_line(r: SpoolSample) -> str:
    ts = datetime.fromtimestamp(r.ts_us // S_US, UTC).isoformat()
    machine, signal = r.key.rsplit("/", 1)
    return f"{ts},{machine},{signal},{'' if r.value is None else r.value},{r.status}"


def said(plant: Plant) -> tuple[object, ...]:
    """All that the plant says at the end: facts, what is published, what runs."""
    live = (
        "SELECT i.name, l.machine_id, l.definition, l.document FROM result_live l"
        " JOIN shift_instance i USING (instance_id) ORDER BY 1, 2"
    )
    return plant.facts(), plant.published(), plant.rows(live)


def settled(plant: Plant) -> tuple[object, ...]:
    plant.now_us = END
    plant.restart().recompute()
    plant.service.tick()
    return said(plant)


def batches_of(records: Iterable[Record], rng: Random, count: int) -> list[Batch]:
    """Life comes by the spool, samples by spool or file."""
    groups: list[list[Record]] = [[] for _ in range(count)]
    for r in records:
        groups[rng.randrange(count)].append(r)
    are_files = [rng.random() < 0.3 for _ in groups]
    lives = tuple(r for g, f in zip(groups, are_files, strict=True) if f for r in g if isinstance(r, SpoolAlive))
    return [Batch(lives, False), *(Batch(tuple(g), f) for g, f in zip(groups, are_files, strict=True))]


@settings(max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), count=st.integers(1, 9), repeats=st.integers(0, 4), first=st.integers(0, 9))
@example(seed=1, count=3, repeats=0, first=0)  # proof of life that came backwards
def test_s42_any_arrival_repetition_chunking_and_restart_says_the_same(
    emptied: Database, seed: int, count: int, repeats: int, first: int
) -> None:
    rng = Random(seed)
    batches = batches_of(story(seed, START, END), rng, count)
    clean = fresh(emptied)
    clean.now_us = END
    for batch in batches:
        deliver(clean, batch)
    expected = settled(clean)
    assert all(expected)

    arrival = [*batches, *rng.choices(batches, k=repeats)]
    rng.shuffle(arrival)
    plant = fresh(emptied)
    plant.now_us = END
    for n, batch in enumerate(arrival):
        deliver(plant, batch)
        if rng.random() < 0.3:
            plant.restart()
        if n >= first or rng.random() < 0.5:
            plant.service.tick()
    assert settled(plant) == expected
