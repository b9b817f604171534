"""``oee demo`` killed in its first seconds, killed again, ended by Ctrl-C: one unbroken history, true to its model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pytest
from main_job import ROOT, environment

from oee.compute.service import ComputeService
from oee.store.database import Database
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


@contextmanager
def running(database: str, folder: Path, until: str) -> Iterator[subprocess.Popen[str]]:
    """The demo with today as its only history, once it has said `until`."""
    command = [sys.executable, "-m", "oee", "demo", "--port", "0", "--no-open", "--days", "0", "--data", str(folder)]
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
    note = json.loads((tmp_path / "demo.json").read_text())
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
