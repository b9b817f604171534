"""``oee check`` and ``oee apply``: the plant file."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from oee.cli import not_yet
from oee.cli.common import database, instant_us, plant_argument, plant_text, say
from oee.compute.plan import Planner
from oee.compute.service import clock_us
from oee.config.check import check_report
from oee.config.schema import plant_file_schema
from oee.store.master import Master
from oee.store.times import from_us


@click.command()
@plant_argument
@click.option("--online", is_flag=True, help="also ask the devices (not there yet in this version)")
def check(plant: Path, online: bool) -> None:
    """Check a plant file; every fault is named as FILE:LINE: key."""
    if online:
        not_yet.refuse(not_yet.CHECK_ONLINE, "the file alone can be checked")
    if not sound(plant):
        sys.exit(2)
    click.echo(f"{plant}: fine")


def sound(plant: Path) -> bool:
    """Print the faults of a plant file; True if there are none."""
    faults = check_report(plant)
    for fault in faults:
        say(fault)
    return not faults


@click.command()
def schema() -> None:
    """Print the JSON Schema of the plant file, for editors."""
    click.echo(json.dumps(plant_file_schema(), indent=2, ensure_ascii=False))


@click.command()
@plant_argument
@click.option("--effective", metavar="T", help="valid from this instant on, RFC 3339 with offset [now]")
def apply(plant: Path, effective: str | None) -> None:
    """Bring the plant's structure into the database; the first apply is valid from the beginning."""
    if not sound(plant):
        sys.exit(2)
    since_us = instant_us(effective, "--effective")
    since: datetime | None = None if since_us is None else from_us(since_us)
    with database() as db:
        now = clock_us()
        changes = Master(db).apply(plant_text(plant), since, now)
        Planner(db, Master(db)).ensure(now)
    click.echo("\n".join(changes) or "nothing changes: this configuration is in force already")
