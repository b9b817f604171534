"""R23: migrations beside a running plant, and databases of versions before."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from compute_plant import DAY_US, FILLER, PLANT, Plant, alive, clock, sample
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from oee.errors import MigrationError
from oee.model import SCALAR_ELEMENTS as SCALARS
from oee.store import migrate
from oee.store.database import Database
from oee.store.migrate import status, upgrade
from oee.store.samples import SampleStore

DEFINITION = "rules 1; configuration of a version before"


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """A database without a schema."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def of_the_first_version(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema of the first two migrations."""
    every = migrate._files
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "_files", lambda timescale: [f for f in every(timescale) if f[0][11:15] <= "0002"])
        applied = upgrade(conninfo)
    assert applied[:2] == ["migrations/0001_core.sql", "migrations/0002_accounts.sql"]


def shift_of_before(db: Database) -> None:
    """A published shift of eight hours: its stops do not say whether they count, nobody knew teams and glances."""
    with db.transaction() as conn:
        conn.execute(
            "INSERT INTO config_revision (effective_from, sha256, source) VALUES ('-infinity', 'x', %s)", [PLANT]
        )
        conn.execute("INSERT INTO line (id) VALUES ('bottling')")
        conn.execute("INSERT INTO machine (line_id, id) VALUES (1, 'filler'), (1, 'capper')")
        for machine, signal in ((1, "state"), (1, "total"), (1, "reject"), (1, "fault"), (2, "state"), (2, "good")):
            conn.execute("INSERT INTO tag (machine_id, signal) VALUES (%s, %s)", [machine, signal])
        conn.execute(
            "INSERT INTO shift_instance (line_id, production_date, name, start_ts, end_ts, planned, cancelled, breaks)"
            " VALUES (1, '2026-03-02', 'early', '2026-03-02 06:00Z', '2026-03-02 08:00Z', true, false, '[]')"
        )
        conn.execute(
            "INSERT INTO ledger (instance_id, line_id, start_ts, end_ts, done_version, status)"
            " SELECT instance_id, line_id, start_ts, end_ts, 1, 'final' FROM shift_instance"
        )
        conn.execute(
            "INSERT INTO result (instance_id, machine_id, revision, computed_at, fingerprint, definition, cause,"
            " document) VALUES (1, 0, 1, '2026-03-02 08:01Z', 'print', %s, 'shift closed', %s)",
            [DEFINITION, Jsonb(former_document(), dumps=json.dumps)],
        )
        conn.execute("INSERT INTO machine_facts VALUES (1, '2026-03-02 06:00Z', '2026-03-02 08:00Z', 0, '1')")
        conn.execute("INSERT INTO checkpoint VALUES (1, '2026-03-02 06:15Z', '{}')")


def former_document() -> dict:
    """A result as version 0001 wrote it."""
    start, end, stop = clock("06:00"), clock("08:00"), clock("07:00")
    elements = dict.fromkeys(SCALARS, 0) | {name: [] for name in ("output", "unscheduled", "unknown")}
    elements |= {"run_us": end - start - 600_000_000, "unplanned_stop_us": 600_000_000, "stop_count": 1}
    elements |= {"output": [[None, "2000000", 100, 90, 10, 0]]}
    return {
        "line": "bottling",
        "machine": None,
        "method": "constraint",
        "through_us": end,
        "instance": ["bottling", "2026-03-02", "early", start, end, True, False, []],
        "start_us": start,
        "end_us": end,
        "elements": elements,
        "segments": [[start, end, 6, "6", None, False, False]],
        "stops": [[stop, stop + 600_000_000, 5, "JAM", 600_000_000, 600_000_000]],
        "decisions": [],
        "flags": [],
        "quality_known": True,
        "ideal_known": True,
        "hours": [[start, end, elements, end - start, "90"]],
        "target_good_count": "3600",
        "shift_target_good_count": "3600",
    }


def test_r23_results_of_the_first_version_are_read_after_the_upgrade_and_computing_goes_on(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_first_version(empty, monkeypatch)
    with Database(empty) as db:
        shift_of_before(db)
        assert upgrade(empty)[-1] == status(empty).applied[-1]
        plant = Plant.__new__(Plant)
        plant.database, plant.store, plant.now_us = db, SampleStore(db), clock("09:00")
        plant.restart()
        found = plant.results.shift("bottling", "2026-03-02", "early")
        assert (found.definition, found.revision, found.instance.team) == (DEFINITION, 1, None)
        assert [(s.reason, s.length_us, s.counted) for s in found.window.stops] == [("JAM", 600_000_000, False)]
        assert (found.window.elements.total_count, found.window.elements.stop_count) == (100, 1)
        (day,) = plant.results.days("bottling", DAY_US, plant.now_us)
        assert day.window.elements.total_count == 100
        plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), alive(clock("06:00"), plant.now_us)])
        plant.service.tick()
        assert [revision for _, revision, _ in plant.revisions()] == [1, 2]
        assert plant.results.shift("bottling", "2026-03-02", "early", revision=1) == found


def test_r23_a_checkpoint_without_a_checksum_is_written_but_never_used(db: Database) -> None:
    """The version before knows no checksums; beside it, or after it, its checkpoints are made again."""
    plant = Plant(db)
    plant.now_us = clock("06:50")
    plant.write([sample(f"{FILLER}/state", clock("06:00"), "6"), sample(f"{FILLER}/total", clock("06:00"), 7)])
    plant.write([alive(clock("06:00"), plant.now_us)])
    plant.service.tick()
    before = plant.facts()
    plant.rows("UPDATE checkpoint SET payload = '{\"total\": [0, 0, 99, 0]}', checksum = NULL RETURNING 1")
    plant.write([sample(f"{FILLER}/total", clock("06:40"), 7)])
    plant.service.tick()
    assert plant.facts() == before
    assert plant.rows("SELECT count(*) FROM checkpoint WHERE checksum IS NULL AND at_ts <= '2026-03-02 06:40Z'") == [
        (0,)
    ]


def test_r23_a_migration_lets_others_pass_and_tries_again(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of_the_first_version(empty, monkeypatch)
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT_S", 0.2)
    monkeypatch.setattr(migrate, "LOCK_PAUSE_S", 0.01)
    paused = threading.Event()
    with psycopg.connect(empty) as conn:
        conn.execute("LOCK TABLE checkpoint IN ACCESS SHARE MODE")

        def pause(_: float) -> None:
            if paused.is_set():
                conn.rollback()
            paused.set()

        monkeypatch.setattr(migrate, "sleep", pause)
        assert len(upgrade(empty)) >= 6
    assert paused.is_set()
    assert status(empty).pending == ()


def test_r23_a_table_that_stays_in_use_is_told_with_what_to_do(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of_the_first_version(empty, monkeypatch)
    for name, value in (("LOCK_TIMEOUT_S", 0.05), ("LOCK_PAUSE_S", 0.01), ("LOCK_ATTEMPTS", 3)):
        monkeypatch.setattr(migrate, name, value)
    with psycopg.connect(empty) as conn:
        conn.execute("LOCK TABLE checkpoint IN ACCESS SHARE MODE")
        with pytest.raises(MigrationError, match=r"0003_products.sql: its tables are in use; end long transactions"):
            upgrade(empty)
    assert upgrade(empty)[0] == "migrations/0003_products.sql"


def test_r23_no_one_waits_longer_than_two_seconds_for_a_migration() -> None:
    assert migrate.LOCK_TIMEOUT_S <= 2
