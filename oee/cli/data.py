"""``oee import``, ``recompute``, ``shifts``, ``report``: history in, results out."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import click

from oee.api.not_yet import REPORT_FORMATS
from oee.cli import not_yet
from oee.cli.common import database, day_of, instant_us, say
from oee.cli.shift_table import shift_table
from oee.cli.web import json_report, standalone_report
from oee.collect.exporter import Wanted
from oee.collect.exporter import export as write_samples
from oee.collect.import_parquet import import_parquet
from oee.collect.importer import import_csv
from oee.compute.data_health import DataHealth
from oee.compute.plan import timeline
from oee.compute.queries import Results
from oee.compute.service import ComputeService, Only, clock_us, mark_again
from oee.errors import ConfigError, InputError, NotFoundError
from oee.store.master import Master
from oee.store.times import FAR_US


@click.command("import")
@click.argument("samples", type=click.Path(path_type=Path, dir_okay=False))
def import_(samples: Path) -> None:
    """Import history from a CSV or Parquet file: ts,machine,signal,value[,quality].

    Each row that can't be taken is listed, the others land. Exit 0 if any row could be taken, 1 if none.
    """
    read = import_parquet if samples.suffix.lower() == ".parquet" else import_csv
    with database() as db:
        report = read(db, samples, clock_us(), say)
    click.echo(f"rows new {report.new}, duplicate {report.duplicate}, rejected {report.rejected}")
    if report.rejected and not report.new and not report.duplicate:
        sys.exit(1)


@click.command()
@click.argument("samples", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--line", help="this line alone")
@click.option("--machine", help="this machine of the line alone")
@click.option("--from", "from_", metavar="T", help="samples from this instant on")
@click.option("--to", metavar="T", help="samples before this instant")
def export(samples: Path, line: str | None, machine: str | None, from_: str | None, to: str | None) -> None:
    """Export samples to a CSV or Parquet file that `oee import` takes."""
    start, end = instant_us(from_, "--from"), instant_us(to, "--to")
    with database() as db:
        wanted = Wanted(line, machine, -FAR_US if start is None else start, FAR_US if end is None else end)
        count = write_samples(db, samples, wanted)
    click.echo(f"rows {count}")


@click.command()
@click.option("--line", help="this line alone")
@click.option("--from", "from_", metavar="T", help="shifts that end after this instant")
@click.option("--to", metavar="T", help="shifts that start before this instant")
def recompute(line: str | None, from_: str | None, to: str | None) -> None:
    """Compute everything that has data and is due; with options, compute a range again."""
    start, end = instant_us(from_, "--from"), instant_us(to, "--to")
    with database() as db:
        service, only = ComputeService(db), None
        if line is not None or start is not None or end is not None:
            lines = [line] if line is not None else list(service.master.ids().lines)
            only = Only(tuple(lines), -FAR_US if start is None else start, FAR_US if end is None else end)
            mark_again(db, lines, only.from_us, only.to_us)
        done = service.recompute(only)
    click.echo(f"computed {done.shifts} shifts from {done.machines} machines with new data")


@click.command()
@click.argument("line")
@click.option("--from", "from_", required=True, metavar="D")
@click.option("--to", required=True, metavar="D", help="last production date")
def shifts(line: str, from_: str, to: str) -> None:
    """Preview the shifts of a line, of any dates, as the calendars in force then lay them out."""
    first, last = day_of(from_, "--from"), day_of(to, "--to")
    if not first <= last <= first + timedelta(days=400):
        raise InputError("--to must lie within 400 days after --from")
    with database() as db:
        master = Master(db)
        master.ids().line(line)
        plant, configs = master.config_at(clock_us()).plant, master.configs()
    if line not in plant.lines:
        raise NotFoundError(f"line {line!r} is not in the plant now; lines there: {', '.join(plant.lines)}")
    try:
        found = timeline(line, configs, first, last)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    click.echo("\n".join(shift_table(found, plant.calendars[plant.lines[line].calendar], plant.plant)))


@click.command()
@click.argument("line")
@click.option("--date", "day", required=True, metavar="D", help="production date")
@click.option("--shift", required=True, metavar="S")
@click.option("--format", "format_", type=click.Choice(["html", "json", "pdf", "xlsx", "csv"]), default="html")
@click.option("-o", "output", type=click.Path(path_type=Path, dir_okay=False), help="write here instead of printing")
def report(line: str, day: str, shift: str, format_: str, output: Path | None) -> None:
    """Print the report of one shift."""
    if format_ in REPORT_FORMATS:
        not_yet.refuse(f"--format {format_}", "there are html and json")
    with database() as db:
        source = Results(db)
        result = source.shift(line, day_of(day, "--date").isoformat(), shift)
        write = json_report if format_ == "json" else standalone_report
        text = write(source, DataHealth(db), result)
    if output is None:
        click.echo(text)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{output}: can't be written: {error.strerror}") from error
