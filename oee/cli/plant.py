"""``oee check`` and ``oee apply``: the plant file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from oee.cli import not_yet
from oee.cli.common import database, instant_us, plant_argument, plant_text, say
from oee.cli.rehearsal_table import rehearsal_table
from oee.compute.master_data import overlaid, rehearse_apply
from oee.compute.plan import Planner
from oee.compute.service import clock_us
from oee.config.check import check_report
from oee.config.plant import load_plant
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
@click.option("--dry-run", is_flag=True, help="say which published shifts would change, and change nothing")
def apply(plant: Path, effective: str | None, dry_run: bool) -> None:
    """Bring the plant's structure into the database; the first apply is valid from the beginning."""
    if not sound(plant):
        sys.exit(2)
    since_us = instant_us(effective, "--effective")
    with database() as db:
        now = clock_us()
        if dry_run:
            click.echo("\n".join(rehearsal_table(rehearse_apply(db, plant_text(plant), since_us, now))))
            return
        master = Master(db)
        changes = master.apply(plant_text(plant), None if since_us is None else from_us(since_us), now)
        changes += overlaid(load_plant(plant), Master(db).configs()[-1].plant) if changes else []
        Planner(db, Master(db)).ensure(now)
    click.echo("\n".join(changes) or "nothing changes: this configuration is in force already")
