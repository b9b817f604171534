"""``oee explain``: where the numbers of a shift come from."""

from __future__ import annotations

import json

import click

from oee.cli.common import database, day_of
from oee.compute.evidence import Evidences
from oee.report.explain import explain as explanation_of
from oee.report.explain_json import explanation_json
from oee.report.explain_text import explanation_text


@click.command()
@click.argument("line")
@click.option("--date", "day", required=True, metavar="D", help="production date")
@click.option("--shift", required=True, metavar="S")
@click.option("--machine", metavar="M", help="one machine of the line; without it, the line as a whole")
@click.option("--revision", type=click.IntRange(1, 2**31 - 1), metavar="N", help="a published one; else the newest")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
def explain(line: str, day: str, shift: str, machine: str | None, revision: int | None, format_: str) -> None:
    """Say where the numbers of one shift come from: formulas, time, counts, decisions, rules, configuration."""
    with database() as db:
        evidence = Evidences(db).of_shift(line, day_of(day, "--date").isoformat(), shift, machine, revision)
    explained = explanation_of(evidence)
    if format_ == "json":
        click.echo(json.dumps(explanation_json(explained), indent=2, ensure_ascii=False))
    else:
        click.echo(explanation_text(explained))
