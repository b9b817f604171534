"""``oee status``: health in one screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from oee.cli.common import conninfo
from oee.compute.service import COLLECTOR_TIMEOUT_US, clock_us
from oee.config.environment import default_data_dir
from oee.model import US_PER_S
from oee.store.database import Database
from oee.store.migrate import DatabaseStatus
from oee.store.migrate import status as migration_status
from oee.store.overview import LineStatus, Overview, SourceStatus, overview
from oee.store.samples import IMPORT_SOURCE
from oee.store.times import from_us

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@click.command()
def status() -> None:
    """Print the service's health: database, sources, lines, backlog, disk. Changes nothing."""
    with conninfo() as url:
        found = migration_status(url)
        if found.pending:
            lines = [*_database(found, None), "nothing more can be told: bring the schema up by `oee db upgrade`"]
        else:
            with Database(url) as db:
                lines = list(_screen(found, overview(db), clock_us()))
    click.echo("\n".join(lines))


def _screen(found: DatabaseStatus, seen: Overview, now_us: int) -> Iterator[str]:
    yield from _database(found, seen)
    yield f"computing    {seen.backlog_count} closed shifts wait to be computed"
    yield f"             {seen.unread_count} machines have new data that no computation has seen"
    yield ""
    yield from _table(("source", "state", "reported", "delivered through"), (_source(s, now_us) for s in seen.sources))
    yield ""
    yield from _table(("line", "newest data", "last closed shift"), (_line(entry, now_us) for entry in seen.lines))


def _database(found: DatabaseStatus, seen: Overview | None) -> Iterator[str]:
    extension = f"timescaledb {found.timescaledb}" if found.timescaledb else "timescaledb absent: plain PostgreSQL"
    yield f"database     PostgreSQL {found.postgresql}, {extension}"
    yield f"migrations   {len(found.applied)} applied, {len(found.pending)} pending"
    if seen:
        yield f"size         {seen.size_bytes / 1e6:,.1f} MB; samples in {seen.chunk_count} chunks"
    yield f"data folder  {_disk(default_data_dir())}"


def _disk(folder: Path) -> str:
    there = next(f for f in (folder, *folder.parents) if f.exists())
    usage = shutil.disk_usage(there)
    return f"{folder}: {usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB"


def _source(source: SourceStatus, now_us: int) -> tuple[str, ...]:
    silent = source.source != IMPORT_SOURCE and now_us - source.reported_us >= COLLECTOR_TIMEOUT_US
    state = "not reporting" if silent else "alive" if source.alive else "devices away"
    return source.source, state, _ago(source.reported_us, now_us), _instant(source.through_us)


def _line(line: LineStatus, now_us: int) -> tuple[str, ...]:
    newest = "none" if line.newest_us is None else _ago(line.newest_us, now_us)
    if line.shift is None:
        return line.line, newest, "none yet"
    return line.line, newest, f"{line.production_date} {line.shift}, {line.status}, revision {line.revision}"


def _ago(us: int, now_us: int) -> str:
    passed_s = max(now_us - us, 0) // US_PER_S
    length, unit = next(((s, u) for s, u in _UNITS if passed_s >= s), (1, "s"))
    return f"{passed_s // length} {unit} ago"


def _instant(us: int) -> str:
    return from_us(us).strftime("%Y-%m-%d %H:%M:%S UTC")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their widest cell."""
    cells = [head, *rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(cells) == 1:
        yield "none yet"
