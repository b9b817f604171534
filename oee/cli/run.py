"""``oee run`` and its parts ``collect``, ``compute``, ``serve``: the service itself."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import click
from fastapi import FastAPI

from oee.api.serve import address_of, listen
from oee.api.serve import serve as serve_app
from oee.cli.common import PortNumber, database, plant_argument, plant_text, say
from oee.cli.plant import sound
from oee.cli.web import web_app
from oee.collect.collector import run_collector
from oee.collect.plan import collection_plan
from oee.compute.scheduler import scheduled
from oee.compute.service import ComputeService, clock_us
from oee.config.environment import default_data_dir
from oee.config.model import PlantConfig
from oee.config.plant import load_plant
from oee.errors import DatabaseUnavailable, OeeError
from oee.store.accounts import Accounts
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore

PORT = 8080
Job = Callable[[asyncio.Event], Awaitable[None]]


@click.command()
@plant_argument
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PortNumber, default=PORT, show_default=True)
def run(plant: Path, host: str, port: int) -> None:
    """Collect, compute and serve in one process, until Ctrl-C."""
    config = checked(plant)
    with database() as db:
        Master(db).apply(plant_text(plant), None, clock_us())
        listener = listen(host, port, Accounts(db))
        app = web_app(db)
        say(f"serving {config.plant.name} on {address_of(listener)}; Ctrl-C stops")
        with scheduled(ComputeService(db)):
            together(collecting(config, db), lambda stop: serve_app(app, listener, stop))


@click.command()
@plant_argument
def collect(plant: Path) -> None:
    """Collect from the machines into the database, until Ctrl-C; works while the database is away."""
    config = checked(plant)
    with database(may_be_away=True) as db:
        # Where the database is away, the plant is brought in by the next apply or start; the samples wait on disk.
        with suppress(DatabaseUnavailable):
            Master(db).apply(plant_text(plant), None, clock_us())
        say(f"collecting from {len(collection_plan(config))} endpoints; Ctrl-C stops")
        together(collecting(config, db))


@click.command()
def compute() -> None:
    """Compute what is due, until Ctrl-C."""
    with database() as db, scheduled(ComputeService(db)):
        say("computing; Ctrl-C stops")
        together()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PortNumber, default=PORT, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve pages and API, until Ctrl-C."""
    with database() as db:
        listener = listen(host, port, Accounts(db))
        app: FastAPI = web_app(db)
        say(f"serving on {address_of(listener)}; Ctrl-C stops")
        together(lambda stop: serve_app(app, listener, stop))


def checked(plant: Path) -> PlantConfig:
    """The plant file, or its faults and the end."""
    if not sound(plant):
        sys.exit(2)
    return load_plant(plant)


def collecting(config: PlantConfig, db: Database) -> Job:
    """The collector as a job; its spool lies in the data folder."""
    plan = collection_plan(config)
    spool = default_data_dir() / "spool" / config.plant.id
    return lambda stop: run_collector(plan, spool, SampleStore(db), clock=clock_us, stop=stop)


def together(*jobs: Job) -> None:
    """Run jobs until Ctrl-C or SIGTERM; a job that fails ends all, and the first to say why is heard."""

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(_ending(job, stop))
            await stop.wait()

    try:
        asyncio.run(main())
    except ExceptionGroup as group:
        raise _first_said(group) from group


def _first_said(group: ExceptionGroup[Exception]) -> Exception:
    """The first error made for the person who reads it, however deep it lies; the group itself if there is none."""
    found: Exception | None = group.subgroup(OeeError)
    while isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    return found or group


async def _ending(job: Job, stop: asyncio.Event) -> None:
    try:
        await job(stop)
    finally:
        stop.set()
