"""``oee user`` and ``oee key``: people and machines that log in."""

from __future__ import annotations

import sys

import click

from oee.cli.common import database, say
from oee.store.accounts import SCOPES, Accounts, Role

ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """People who log in."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
def add_user(name: str, role: str) -> None:
    """Add a person; the password is asked for, or read as one line from a pipe."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    with database() as db:
        Accounts(db).add_user(name, role, password)
    click.echo(f"{name} may log in as {role}")


@click.group()
def key() -> None:
    """Keys for machines, such as an MES."""


@key.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, help="narrows the role; may be repeated")
def add_key(name: str, role: str, scopes: tuple[str, ...]) -> None:
    """Add a key and print it, once, alone on the last line."""
    with database() as db:
        token = Accounts(db).add_key(name, role, scopes)
    say("This key is shown only now; only its hash is kept.")
    click.echo(token)
