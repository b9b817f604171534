"""``oee db``: schema and the embedded server."""

from __future__ import annotations

import click

from oee.cli.common import conninfo, say
from oee.config.environment import database_url, default_data_dir
from oee.store import embedded
from oee.store.migrate import status as read_status
from oee.store.migrate import upgrade as bring_up


@click.group()
def db() -> None:
    """The database: its schema, its state, the embedded server."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date."""
    with conninfo() as url:
        applied = bring_up(url, say)
    click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")


@db.command()
def status() -> None:
    """Print versions, the TimescaleDB edition or its absence, and migrations."""
    with conninfo() as url:
        found = read_status(url)
    click.echo(f"PostgreSQL {found.postgresql}")
    click.echo(f"timescaledb {found.timescaledb}" if found.timescaledb else "timescaledb absent: plain PostgreSQL")
    click.echo(f"migrations {len(found.applied)} applied, {len(found.pending)} pending")
    for name in found.pending:
        click.echo(f"pending {name}")


@db.command()
def stop() -> None:
    """Stop the embedded server, even while others use it."""
    if database_url() is not None:
        click.echo("OEE_DATABASE_URL is set: that server is not ours to stop")
        return
    click.echo("stopped" if embedded.stop(default_data_dir()) else "the embedded server is not running")
