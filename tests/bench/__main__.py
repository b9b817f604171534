"""``make bench``: the rates and times that the service is measured by, as one table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from oee.collect.importer import import_csv
from oee.compute.service import ComputeService, clock_us
from oee.store.database import Database
from oee.store.embedded import embedded_server
from oee.store.master import Master
from oee.store.migrate import upgrade
from simulators.demo import demo_plant_yaml, demo_scenario
from simulators.history import history, write_csv
from simulators.model import Plant
from tests.bench import (
    bench_api,
    bench_connectors,
    bench_disk,
    bench_engine,
    bench_import,
    bench_live_rows,
    bench_pages,
    bench_spool,
    bench_store,
)
from tests.main_job import served

Rows = list[tuple[str, float, str]]
HISTORY_DAYS = 2
IMPORTED_S, COLLECTED_S = 5.0, 1.0
READS = 200
YEAR_READS = 20


def main() -> None:
    """Run every bench; a figure is printed as soon as it is there."""
    for title, bench in (
        ("connectors", bench_connectors.run),
        ("spool", bench_spool.run),
        ("engine", bench_engine.run),
        ("store", _store),
        ("import", bench_import.run),
        (f"disk, one day of the demo imported at {IMPORTED_S:g} s", partial(_disk, IMPORTED_S)),
        (f"disk, one day as the demo collects it, at {COLLECTED_S:g} s", partial(_disk, COLLECTED_S)),
        ("disk, a minute of the demo collected live", _live_rows),
        ("API", _api),
        ("pages", _pages),
    ):
        _table(title, bench)


def _table(title: str, bench: Callable[[], Rows]) -> None:
    rows = bench()
    width = max(len(name) for name, *_ in rows)
    print(f"\n{title}")
    for name, figure, unit in rows:
        digits = 0 if figure >= 1000 else 2
        print(f"  {name:<{max(width, 36)}} {figure:>14,.{digits}f} {unit}", flush=True)


@contextmanager
def _server() -> Iterator[tuple[Path, str]]:
    """A durable server of the bench's own, migrated."""
    folder = Path(tempfile.mkdtemp(prefix="oee-bench-"))
    folder.chmod(0o711)  # the server runs as another user where the bench runs as root
    try:
        with embedded_server(folder, announce=print) as conninfo:
            upgrade(conninfo)
            yield folder, conninfo
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _store() -> Rows:
    with _server() as (_, conninfo):
        return bench_store.run(conninfo)


def _pages() -> Rows:
    with _server() as (_, conninfo):
        return bench_pages.run(conninfo)


@contextmanager
def _demo(days: int, interval_s: float = IMPORTED_S) -> Iterator[tuple[str, datetime, datetime]]:
    """A database with whole days of the demo up to today's midnight (UTC), imported and computed."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = end - timedelta(days=days)
    start_us, end_us = (int(t.timestamp()) * 1_000_000 for t in (start, end))
    with _server() as (folder, conninfo):
        with Database(conninfo) as db:
            Master(db).apply(demo_plant_yaml(4840, 5020, start_us), None, clock_us())
            plant = Plant.at(1, demo_scenario(start_us), start_us)
            write_csv(folder / "history.csv", history(plant, start_us, end_us, interval_s))
            import_csv(db, folder / "history.csv", clock_us(), print)
            ComputeService(db).recompute()
        yield conninfo, start, end


def _live_rows() -> Rows:
    with _server() as (folder, conninfo):
        return bench_live_rows.run(conninfo, folder)


def _disk(interval_s: float) -> Rows:
    with _demo(1, interval_s) as (conninfo, start, _):
        machines_count = len(demo_scenario(int(start.timestamp()) * 1_000_000).machines)
        return bench_disk.run(conninfo, machines_count)


def _api() -> Rows:
    """KPI reads over HTTP, of the demo's filling line with two days behind it."""
    with _demo(HISTORY_DAYS) as (conninfo, start, end), served(conninfo) as client:
        base, window = str(client.base_url), (start.isoformat(), end.isoformat())
        rows = bench_api.run(base, "filling", *window, reads_count=READS)
        with Database(conninfo) as db:
            bench_api.lengthen(db, "filling")
        return [*rows, *bench_api.run_year(base, "filling", end, reads_count=YEAR_READS)]


if __name__ == "__main__":
    main()
