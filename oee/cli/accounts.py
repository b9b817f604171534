"""``oee user`` and ``oee key``: people and machines that log in."""

from __future__ import annotations

import sys

import click

from oee.cli.common import database, say
from oee.config.environment import account_password
from oee.store.accounts import SCOPES, Accounts, Role

ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """People who log in."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
@click.option("--first", is_flag=True, help="only while there is no account and no key; else do nothing")
def add_user(name: str, role: str, *, first: bool) -> None:
    """Add a person; the password is taken from OEE_PASSWORD or OEE_PASSWORD_FILE, asked for, or read from a pipe."""
    with database() as db:
        accounts = Accounts(db)
        if first and accounts.anybody():
            click.echo("there is an account already")
            return
        accounts.add_user(name, role, _password())
    click.echo(f"{name} may log in as {role}")


def _password() -> str:
    given = account_password()
    if given is not None:
        return given
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


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
