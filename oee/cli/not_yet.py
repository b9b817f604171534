"""Commands, options and formats of the interface that this version does not have yet: refused with that sentence.

A version that brings one of them deletes its entry here, and nothing else.
"""

from __future__ import annotations

from typing import NoReturn

import click

from oee.errors import InputError

COMMANDS: dict[str, str] = {
    "browse": "lists the nodes of an OPC UA server; docs/plant-file.md says how to write addresses by hand",
    "probe": "reads registers of a Modbus device; docs/plant-file.md says how to write addresses by hand",
    "backup": "writes the whole database to a file; pg_dump does it",
    "restore": "reads the whole database from a file; pg_restore does it",
}
"""What each is going to do; and what to do until then."""
CHECK_ONLINE = "--online"
_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}


def refuse(what: str, instead: str) -> NoReturn:
    """Refuse what is not there yet.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(f"{what} is not there yet in this version; {instead}")


def commands() -> list[click.Command]:
    """Return a command for each, which takes any arguments and refuses them."""
    return [_command(name, what) for name, what in COMMANDS.items()]


def _command(name: str, what: str) -> click.Command:
    does, _, instead = what.partition("; ")

    def run() -> None:
        refuse(f"`oee {name}`", instead)

    return click.Command(
        name,
        callback=run,
        context_settings=_ANYTHING,
        help=f"Not there yet: {does}.",
        short_help=f"Not there yet: {does}.",
    )
