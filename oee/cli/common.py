"""What the commands share: the database in force, files that must be sound, errors as one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from oee.config.environment import database_password, database_url, default_data_dir
from oee.errors import DatabaseUnavailable, InputError, OeeError
from oee.store.database import Database, DatabaseFault, checked_address
from oee.store.embedded import embedded_server
from oee.store.migrate import upgrade
from oee.store.times import FAR_US, to_us


class Failing(click.Group):
    """Shows the service's own errors as one sentence, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except OeeError as error:
            click.echo(f"oee: {error}", err=True)
            sys.exit(2)
        except DatabaseFault as error:
            reason = str(error).strip().partition("\n")[0]
            click.echo(
                f"oee: the database refused what it was told: {reason}; `oee db status` tells its state", err=True
            )
            sys.exit(2)
        except KeyboardInterrupt:
            sys.exit(130)


def say(text: str) -> None:
    """Tell the person at the terminal, beside the command's own output."""
    click.echo(text, err=True)


@contextmanager
def conninfo(folder: Path | None = None) -> Iterator[str]:
    """The database in force: ``OEE_DATABASE_URL``, else the embedded one under ``folder`` [the data folder]."""
    url = database_url()
    if url is not None:
        yield checked_address(url, database_password())
        return
    with embedded_server(folder or default_data_dir(), announce=say) as embedded:
        yield embedded


@contextmanager
def database(*, may_be_away: bool = False, folder: Path | None = None) -> Iterator[Database]:
    """The database in force, its schema up to date.

    Parameters
    ----------
    may_be_away : start without it, too; for what keeps on disk what it has to write.
    folder : of the embedded database.
    """
    with conninfo(folder) as url:
        try:
            upgrade(url, say)
        except DatabaseUnavailable as error:
            if not may_be_away:
                raise
            say(f"oee: {error}; until it is back, everything is kept on disk")
        with Database(url) as opened:
            yield opened


def plant_text(path: Path) -> str:
    """Text of a plant file that was checked already."""
    return path.read_text(encoding="utf-8-sig")


def instant_us(text: str | None, name: str) -> int | None:
    """µs of an RFC 3339 instant with offset given as option ``name``."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} {text!r} is no time; write it as 2026-03-02T06:00:00+01:00") from None
    if moment.tzinfo is None:
        raise InputError(f"{name} {text!r} has no offset; write Z or one such as +01:00 behind it")
    us = to_us(moment)
    if not 0 <= us < FAR_US:
        raise InputError(f"{name} {text!r} can't be meant; times lie between the years 1970 and 2100")
    return us


def day_of(text: str, name: str) -> date:
    """Date given as option ``name``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} {text!r} is no date; write it as 2026-11-19") from None
    if not 1970 <= day.year < 2100:
        raise InputError(f"{name} {text!r} can't be meant; dates lie between the years 1970 and 2100")
    return day


PortNumber = click.IntRange(0, 65_535)
"""A port to serve on; 0 takes a free one."""
plant_argument = click.argument("plant", type=click.Path(path_type=Path, dir_okay=False), envvar="OEE_PLANT")
"""A plant file, or the one that OEE_PLANT names; whether it is there is checked with the rest of it."""
