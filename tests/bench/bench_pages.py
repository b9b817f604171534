"""How long pages take to make, on the server, for a plant of a hundred lines, no two alike, after a full shift."""

from __future__ import annotations

import asyncio
import statistics
import time

import httpx

from oee.api.serve import spare_long_lived
from oee.cli.web import web_app
from oee.compute.queries import Results
from oee.compute.service import clock_us
from oee.store.database import Database
from oee.web.render import report_url
from tests.plant_of_lines import seed

LINES, MACHINES = 100, 3
REPEATS, WARM_UP = 60, 5


def touch(db: Database) -> None:
    """Make all live results new, as the compute process does every two seconds: nothing is served from a cache."""
    with db.transaction() as conn:
        conn.execute(b"UPDATE result_live SET computed_at = clock_timestamp()")


def run(conninfo: str) -> list[tuple[str, float, str]]:
    """Load each page again and again, each time with new live results.

    Returns
    -------
    (what, figure, unit): median and 95th percentile of the time to answer, processor time [ms]; size
    uncompressed, sent packed [kB].
    """
    with Database(conninfo) as db:
        seed(db, clock_us(), lines=LINES, machines=MACHINES)
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
    spare_long_lived()
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
            rows.append((f"{name}, uncompressed", len(answer.content) / 1000, "kB"))
            rows.append((f"{name}, sent packed", answer.num_bytes_downloaded / 1000, "kB"))
    return rows
