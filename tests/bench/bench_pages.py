"""How long pages take to make, on the server, for a plant of a hundred lines at the end of a full shift."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime

import httpx

from oee.cli.web import web_app
from oee.compute.interpreter import interpret_dirty
from oee.compute.plan import Planner
from oee.compute.queries import Results
from oee.compute.service import clock_us
from oee.model import US_PER_S
from oee.spool.records import SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.instances import instances_in
from oee.store.master import Master
from oee.store.results import put_live
from oee.store.samples import SampleStore
from oee.web.render import report_url

LINES, MACHINES = 100, 3
STOP_EVERY_S, STOP_S = 300, 45
REPEATS, WARM_UP = 60, 5
_MACHINE = """
      m{m}:
        ideal_cycle_s: 1
        signals:
          state: {{profile: packml}}
          good: {{counter: {{}}}}
"""
_LINE = """
  line-{n:03}:
    calendar: default
    rollup: {{method: constraint, machine: m0}}
    targets: {{oee: 0.75, availability: 0.9, performance: 0.9, quality: 0.98}}
    machines:{machines}"""


def plant_yaml(start: datetime) -> str:
    """A plant whose shift of eight hours began almost eight hours ago."""
    shifts = {n: f"{(start.hour + 8 * i) % 24:02}:{start.minute:02}" for i, n in enumerate("abc")}
    ends = dict(zip(shifts, [*list(shifts.values())[1:], shifts["a"]], strict=True))
    calendar = ", ".join(f'{n}: {{start: "{at}", end: "{ends[n]}"}}' for n, at in shifts.items())
    week = ", ".join(f"{d}: [a, b, c]" for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    machines = "".join(_MACHINE.format(m=m) for m in range(MACHINES))
    lines = "".join(_LINE.format(n=n, machines=machines) for n in range(LINES))
    return (
        f'version: 1\nplant: {{id: bench, timezone: UTC, day_start: "{shifts["a"]}"}}\n'
        f"calendars: {{default: {{shifts: {{{calendar}}}, week: {{{week}}}}}}}\nlines:{lines}\n"
    )


def seed(db: Database, now_us: int) -> int:
    """Eight hours of short and long stops of one line, computed; its live result stands for all lines.

    Returns
    -------
    The instant that the figures are told at [µs UTC].
    """
    minute_us = 60 * US_PER_S
    start_us = now_us // minute_us * minute_us - 8 * 60 * minute_us + 2 * minute_us
    Master(db).apply(plant_yaml(datetime.fromtimestamp(start_us / US_PER_S, UTC)), None, now_us)
    keys = [f"line-000/m{m}" for m in range(MACHINES)]
    samples = [s for key in keys for s in _samples(key, start_us, now_us)]
    SampleStore(db).write(samples, [SpoolAlive("import", start_us, now_us, tuple(keys))])
    master = Master(db)
    interpret_dirty(db, master, now_us)
    Planner(db, master).ensure(now_us)
    _spread(db, master, now_us)
    return now_us


def _samples(key: str, start_us: int, end_us: int) -> list[SpoolSample]:
    rows, count, t = list[SpoolSample](), 0, start_us
    while t < end_us:
        rows.append(SpoolSample(f"{key}/state", t, "6", 0))
        for n in range(0, STOP_EVERY_S, 10):
            rows.append(SpoolSample(f"{key}/good", t + n * US_PER_S, count, 0))
            count += 8
        t += STOP_EVERY_S * US_PER_S
        rows.append(SpoolSample(f"{key}/state", t, "11", 0))
        t += STOP_S * US_PER_S * (10 if len(rows) % 7 == 0 else 1)
    return [r for r in rows if r.ts_us < end_us]


def _spread(db: Database, master: Master, now_us: int) -> None:
    """Compute the first line and its machines, and let their live results stand for every line."""
    ids, source = master.ids(), Results(db)
    (running,) = [i for i in source.instances("line-000", now_us, now_us + 1) if i.start_us <= now_us]
    machines = [None, *(f"m{m}" for m in range(MACHINES))]
    results = [source.shift("line-000", running.production_date, running.name, machine) for machine in machines]
    with db.transaction() as conn:
        for line in master.config_at(now_us).plant.lines:
            (own,) = instances_in(conn, line, ids.line(line), now_us, now_us + 1)
            numbers = [0, *(ids.machine(line, f"m{m}") for m in range(MACHINES))]
            for number, result in zip(numbers, results, strict=True):
                put_live(conn, own.instance_id, number, result)


def touch(db: Database) -> None:
    """Make all live results new, as the compute process does every two seconds: nothing is served from a cache."""
    with db.transaction() as conn:
        conn.execute(b"UPDATE result_live SET computed_at = clock_timestamp()")


def run(conninfo: str) -> list[tuple[str, float, str]]:
    """Load each page again and again, each time with new live results.

    Returns
    -------
    (what, figure, unit): median and 95th percentile of the time to answer, processor time [ms]; size made, sent [kB].
    """
    with Database(conninfo) as db:
        seed(db, clock_us())
        return asyncio.run(_measure(db))


async def _measure(db: Database) -> list[tuple[str, float, str]]:
    rows = []
    running = Results(db).current("line-000")
    assert running is not None
    pages = {
        f"overview of {LINES} lines": "/",
        "line page, full shift": "/lines/line-000",
        "report, full shift": report_url(running.instance),
        "data health of the plant": "/health",
    }
    transport = httpx.ASGITransport(web_app(db), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        for name, path in pages.items():
            times_ms, busy_ms = [], []
            for _ in range(WARM_UP + REPEATS):
                touch(db)
                started, busy = time.perf_counter(), time.process_time()
                answer = await client.get(path)
                busy_ms.append((time.process_time() - busy) * 1000)
                times_ms.append((time.perf_counter() - started) * 1000)
                answer.raise_for_status()
            percentiles = statistics.quantiles(times_ms[WARM_UP:], n=100)
            rows += [(f"{name}, p50", percentiles[49], "ms"), (f"{name}, p95", percentiles[94], "ms")]
            rows.append((f"{name}, processor, p50", statistics.median(busy_ms[WARM_UP:]), "ms"))
            rows.append((f"{name}, size", len(answer.content) / 1000, "kB"))
            rows.append((f"{name}, sent", answer.num_bytes_downloaded / 1000, "kB"))
    return rows
