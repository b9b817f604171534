"""``oee``: the group that holds all commands."""

from __future__ import annotations

import click

from oee.cli import not_yet
from oee.cli.accounts import key, user
from oee.cli.common import Failing
from oee.cli.data import export, import_, recompute, report, shifts
from oee.cli.database import db
from oee.cli.demo import demo
from oee.cli.explain import explain
from oee.cli.logs import set_up_logs
from oee.cli.plant import apply, check, schema
from oee.cli.run import collect, compute, run, serve
from oee.cli.status import status


@click.group(cls=Failing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oee")
def main() -> None:
    """OEE of machines and lines: exact, explainable, revisioned. Start with `oee demo`."""
    set_up_logs()


for command in (
    *(
        demo,
        check,
        schema,
        db,
        apply,
        run,
        collect,
        compute,
        serve,
        export,
        import_,
        recompute,
        shifts,
        report,
        explain,
        user,
        key,
        status,
    ),
    *not_yet.commands(),
):
    main.add_command(command)
