"""``oee demo`` killed early, amid its history and later, ended by Ctrl-C: an unbroken, true history."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from main_job import ROOT, environment

from oee.compute.service import ComputeService
from oee.store.database import Database
from oee.store.embedded import embedded_server, stop
from simulators.demo import demo_scenario
from simulators.model import Plant

RUNS = [
    ("is live", signal.SIGKILL),
    ("connector up", signal.SIGKILL),
    ("history is complete", signal.SIGKILL),
    ("history is complete", signal.SIGINT),
]
OVERLAPS = """
    SELECT a.machine_id, a.source, b.source, a.from_ts, a.through_ts, b.from_ts, b.through_ts
    FROM liveness a JOIN liveness b USING (machine_id)
    WHERE a.source < b.source AND a.from_ts <= b.through_ts AND b.from_ts <= a.through_ts
"""
PARTS = """
    SELECT m.id, (extract(epoch FROM max(p.end_ts)) * 1000000)::bigint, sum(p.total_count)
    FROM production p JOIN machine m USING (machine_id) GROUP BY m.id
"""
GAPS = """
    SELECT m.id, coalesce(extract(epoch FROM max(gap)), 0)::float
    FROM (SELECT machine_id, from_ts - lag(through_ts) OVER (PARTITION BY machine_id ORDER BY from_ts) AS gap
          FROM liveness) AS between_two JOIN machine m USING (machine_id) GROUP BY m.id
"""


MACHINES = len(demo_scenario(0).machines)


@contextmanager
def running(database: str | None, folder: Path, until: str, days: int = 0) -> Iterator[subprocess.Popen[str]]:
    """The demo, with today and so many days as its history, once it has said `until`."""
    command = [sys.executable, "-m", "oee", "demo", "--port", "0", "--no-open", "--days", str(days)]
    command += ["--data", str(folder)]
    with subprocess.Popen(
        command, env=environment(database, folder), stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    ) as process:
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if until in line:
                    break
            assert process.poll() is None, "".join(said)
            yield process
        finally:
            process.kill()
            process.wait(20)


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder that the user of an embedded server may enter."""
    folder = Path(tempfile.mkdtemp(prefix="oee-test-"))
    folder.chmod(0o711)
    yield folder
    stop(folder)
    shutil.rmtree(folder)


def noted(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "demo.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_demo_killed_amid_its_history_goes_on_there_in_its_own_database(own_folder: Path) -> None:
    """The way in that README shows: an embedded server, which outlives the kill or not, and days to fill in."""
    with running(None, own_folder, "history fills in", days=1) as process:
        whole = noted(own_folder)
        while len(noted(own_folder)["unfilled"]) == 1 and noted(own_folder)["unfilled"] == whole["unfilled"]:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.stderr.read()
        assert process.wait(20) == -signal.SIGKILL
    killed = noted(own_folder)
    assert whole["unfilled"][0][0] < killed["unfilled"][0][0] < killed["unfilled"][0][1], "not amid its history"
    with running(None, own_folder, "history is complete", days=1) as process:
        with embedded_server(own_folder) as url, psycopg.connect(url) as conn:
            gaps = conn.execute(GAPS).fetchall()
            assert conn.execute(OVERLAPS).fetchall() == []
            (oldest_us,) = conn.execute("SELECT (extract(epoch FROM min(ts)) * 1000000)::bigint FROM sample").fetchone()
        os.kill(process.pid, signal.SIGINT)
        process.stderr.read()
        assert process.wait(30) == 0
    assert len(gaps) == MACHINES
    assert max(gap_s for _, gap_s in gaps) < 10, "a time is told by nobody"
    assert oldest_us == killed["epoch_us"] == whole["epoch_us"]
    assert noted(own_folder)["unfilled"] == []


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_invented_over_kills_and_ctrl_c(database: str, tmp_path: Path) -> None:
    ports = set()
    for until, end in RUNS:
        with running(database, tmp_path, until) as process:
            time.sleep(1)
            ports.add((tmp_path / "ports.json").read_text().partition(', "epoch')[0])
            os.kill(process.pid, end)
            process.stderr.read()
            assert process.wait(30) == (0 if end is signal.SIGINT else -end)
    assert len(ports) == 1, "the ports did not stay"
    note = noted(tmp_path)
    assert note["unfilled"] == []
    with Database(database) as db:
        ComputeService(db).recompute()
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT kind FROM counter_decision").fetchall() == []
        assert conn.execute(OVERLAPS).fetchall() == [], "two sources tell of one time"
        counted = {name: tuple(map(int, row)) for name, *row in conn.execute(PARTS).fetchall()}
        gaps = conn.execute(GAPS).fetchall()
    assert {name for name, _ in gaps} == set(counted)
    assert max(gap_s for _, gap_s in gaps) < 10, "a time is told by nobody"
    plant = Plant.at(note["seed"], demo_scenario(note["epoch_us"]), note["epoch_us"])
    plant.advance(max(through_us for through_us, _ in counted.values()))
    for name, log in plant.logs.items():
        through_us, total = counted[name]
        made = int(log.counts(np.array([through_us]))[0][0])
        assert made - 4 <= total <= made, name
