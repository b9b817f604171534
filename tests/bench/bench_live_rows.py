"""What the demo's collector stores in a while, over real sockets, beside what the history of the same while holds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oee.store.database import Database
from simulators.demo import demo_scenario
from simulators.history import history
from simulators.model import Plant
from tests.bench.bench_disk import BYTES_PER_ROW
from tests.main_job import ROOT, environment

SETTLE_S = 6
"""Until every machine has told its first values, which are no changes."""
DAY_S = 86_400


def run(conninfo: str, folder: Path, span_s: int = 60) -> list[tuple[str, float, str]]:
    """Collect for `span_s` [s] from the demo's machines; return (name, figure, unit)."""
    with _collecting(conninfo, folder) as began:
        time.sleep(SETTLE_S)
        since_us = time.time_ns() // 1000
        time.sleep(span_s)
        until_us = time.time_ns() // 1000
    plant = Plant.at(began["seed"], demo_scenario(began["epoch_us"]), began["epoch_us"])
    plant.advance(since_us)
    told = sum(1 for row in history(plant, since_us, until_us, 1.0) if row.ts_us >= since_us + 1_000_000)
    stored, scale = _stored(conninfo, since_us, until_us), DAY_S / span_s / len(plant.logs)
    return [
        ("sample rows as collected live", stored * scale, "rows per machine-day"),
        ("samples by arithmetic, 88 B a row", stored * scale * BYTES_PER_ROW / 1e6, "MB per machine-day"),
        ("by history at 1 s of the same while", told * scale, "rows per machine-day"),
        ("collected against history", stored / max(told, 1), "×"),
    ]


def _stored(conninfo: str, since_us: int, until_us: int) -> int:
    with Database(conninfo) as db, db.transaction() as conn:
        window = (since_us / 1e6, until_us / 1e6)
        text = b"SELECT count(*) FROM sample WHERE ts >= to_timestamp(%s) AND ts < to_timestamp(%s)"
        row = conn.execute(text, window).fetchone()
    assert row
    return int(row[0])


@contextmanager
def _collecting(conninfo: str, folder: Path) -> Iterator[dict[str, int]]:
    """The demo's simulators and `oee collect`, each a process; yields when their plant began and its seed."""
    plant = folder / "plant.yaml"
    simulators = [sys.executable, "-m", "simulators", "--days", "1", "--seed", "7", "--plant-file", str(plant)]
    collect = [sys.executable, "-m", "oee", "collect", str(plant)]
    with subprocess.Popen(simulators, stdout=subprocess.PIPE, text=True, cwd=ROOT) as machines:
        try:
            began = json.loads(machines.stdout.readline() if machines.stdout else "")
            with subprocess.Popen(collect, env=environment(conninfo, folder), cwd=ROOT) as collector:
                try:
                    yield began
                finally:
                    collector.terminate()
        finally:
            machines.terminate()
