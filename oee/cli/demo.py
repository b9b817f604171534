"""``oee demo``: a plant of three lines on this machine alone, with two weeks behind it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from oee.api.serve import address_of, listen
from oee.api.serve import serve as serve_app
from oee.cli.common import PortNumber, database, say
from oee.cli.demo_past import Past, collected_us, fill
from oee.cli.run import PORT, checked, together
from oee.cli.web import web_app
from oee.collect.collector import run_collector
from oee.collect.plan import collection_plan
from oee.compute.scheduler import scheduled
from oee.compute.service import ComputeService, clock_us
from oee.config.environment import database_url, default_data_dir
from oee.errors import InputError, OeeError
from oee.model import US_PER_S
from oee.store.accounts import Accounts
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore

PORTS_WAIT_S = 10.0
"""How long a killed run's simulators may take to end and give their ports back."""


@click.command()
@click.option("--port", type=PortNumber, default=PORT, show_default=True, help="0 takes a free one")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="data folder [OEE_DATA_DIR/demo]")
@click.option("--days", default=14, show_default=True, type=click.IntRange(0, 60), help="history to make")
@click.option("--no-open", is_flag=True, help="do not open a browser")
def demo(port: int, data: Path | None, days: int, no_open: bool) -> None:
    """Run a demo plant: database, simulators, collector, computing and pages; Ctrl-C stops everything."""
    folder = (data or default_data_dir() / "demo").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    past = Past.of(folder, days, clock_us())
    if database_url() is None:
        say(f"starting the database in {folder} ...")
    with database(folder=folder) as db, _simulators(folder, past):
        _run(folder, db, past, port, browse=not no_open)


@contextmanager
def _simulators(folder: Path, past: Past) -> Iterator[None]:
    """The simulators in a process of their own, over real sockets; they write the plant file with their ports.

    They end with this process however it ends: their standard input does, too.
    """
    say("starting the simulated machines (OPC UA and Modbus) ...")
    began = datetime.fromtimestamp(past.epoch_us / US_PER_S, UTC).isoformat()
    command = [sys.executable, "-m", "simulators", "--scenario", "demo", "--seed", str(past.seed), "--epoch", began]
    command += ["--end-with-input", "--plant-file", str(folder / "plant.yaml"), *_ports_before(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:  # noqa: S603 - our own
        try:
            ready = process.stdout.readline() if process.stdout else ""
            if not ready:
                raise InputError("the simulated machines did not start; their own message stands above")
            (folder / "ports.json").write_text(ready, encoding="utf-8")
            yield
        finally:
            process.terminate()
            process.wait(10)


def _ports_before(folder: Path) -> list[str]:
    """The ports of the run before, once they are free: the plant file then stays as it was applied."""
    with suppress(OSError, ValueError, KeyError):
        ports = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
        chosen = [("--opcua-port", ports["opcua_port"]), ("--modbus-port", ports["modbus_port"])]
        for _, port in chosen:
            _wait_until_free(port)
        return [text for name, port in chosen for text in (name, str(port))]
    return []


def _wait_until_free(port: int) -> None:
    """Return once a port can be bound.

    Raises
    ------
    OSError
        It can't be for `PORTS_WAIT_S`.
    """
    give_up_at = time.monotonic() + PORTS_WAIT_S
    while True:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                return
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


def _run(folder: Path, db: Database, past: Past, port: int, *, browse: bool) -> None:
    plant, spool = folder / "plant.yaml", folder / "spool"
    config = checked(plant)
    Master(db).apply(plant.read_text(encoding="utf-8"), None, clock_us())
    listener = listen("127.0.0.1", port, Accounts(db))
    address, app = address_of(listener), web_app(db)
    filled, stopping = threading.Event(), threading.Event()
    plan = collection_plan(config)
    past = past.unseen(collected_us(db, spool), clock_us())
    past.save(folder)
    filler = threading.Thread(target=_fill, args=(folder, db, past, filled, stopping), name="history")

    def is_up() -> None:
        say(f"\n  {config.plant.name} is live: {address}")
        say("  no log-in is needed on this machine; `oee user add NAME --role admin` makes one. Ctrl-C stops.\n")
        filler.start()
        if browse:
            with suppress(webbrowser.Error):
                webbrowser.open(address)

    try:
        with scheduled(ComputeService(db), filled.is_set):
            together(
                lambda stop: run_collector(plan, spool, SampleStore(db), clock=clock_us, stop=stop),
                lambda stop: serve_app(app, listener, stop, is_up),
            )
    finally:
        stopping.set()
        if filler.ident is not None:
            filler.join()
    say("stopping the simulated machines and the database ...")


def _fill(folder: Path, db: Database, past: Past, filled: threading.Event, stopping: threading.Event) -> None:
    """Fill in what the collector could not see: two weeks at first, later the time that the demo was down."""
    began = time.monotonic()
    try:
        say("history fills in behind the live pages ...")
        fill(folder, db, past, stopping.is_set)
        if not stopping.is_set():
            say(f"history is complete after {time.monotonic() - began:.0f} s; reports follow")
            filled.set()
    except OeeError as error:
        say(f"history stays incomplete: {error}; start the demo again to fill it in")
