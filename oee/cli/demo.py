"""``oee demo``: a plant of three lines on this machine alone, with two weeks behind it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from oee.api.serve import address_of, listen
from oee.api.serve import serve as serve_app
from oee.cli.common import PortNumber, database, say
from oee.cli.run import PORT, checked, together
from oee.cli.web import web_app
from oee.collect.collector import run_collector
from oee.collect.importer import import_csv
from oee.collect.plan import collection_plan
from oee.compute.scheduler import scheduled
from oee.compute.service import ComputeService, clock_us
from oee.config.environment import database_url, default_data_dir
from oee.errors import InputError, OeeError
from oee.model import US_PER_S
from oee.store.accounts import Accounts
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore, delivered_through_us

DAY_US = 86_400 * US_PER_S
HISTORY_INTERVAL_S = 5
SEED = 7
OVERLAP_US = 5 * US_PER_S
"""History starts so long after the last value delivered: what a killed run left in its spool still arrives, and two
sources must never speak of one time."""


@click.command()
@click.option("--port", type=PortNumber, default=PORT, show_default=True, help="0 takes a free one")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="data folder [OEE_DATA_DIR/demo]")
@click.option("--days", default=14, show_default=True, type=click.IntRange(0, 60), help="history to make")
@click.option("--no-open", is_flag=True, help="do not open a browser")
def demo(port: int, data: Path | None, days: int, no_open: bool) -> None:
    """Run a demo plant: database, simulators, collector, computing and pages; Ctrl-C stops everything."""
    folder = (data or default_data_dir() / "demo").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if database_url() is None:
        say(f"starting the database in {folder} ...")
    with database(folder=folder) as db, _simulators(folder, _epoch_us(folder, days)):
        _run(folder, db, port, browse=not no_open)


def _epoch_us(folder: Path, days: int) -> int:
    """Where the simulated plant began; kept, so that its counters go on when the demo starts again."""
    note = folder / "demo.json"
    with suppress(OSError, ValueError, KeyError):
        return int(json.loads(note.read_text(encoding="utf-8"))["epoch_us"])
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    epoch_us = int(today.timestamp()) * US_PER_S - days * DAY_US
    note.write_text(json.dumps({"epoch_us": epoch_us, "seed": SEED}), encoding="utf-8")
    return epoch_us


@contextmanager
def _simulators(folder: Path, epoch_us: int) -> Iterator[None]:
    """The simulators in a process of their own, over real sockets; they write the plant file with their ports."""
    say("starting the simulated machines (OPC UA and Modbus) ...")
    began = datetime.fromtimestamp(epoch_us / US_PER_S, UTC).isoformat()
    command = [sys.executable, "-m", "simulators", "--scenario", "demo", "--seed", str(SEED), "--epoch", began]
    command += ["--plant-file", str(folder / "plant.yaml"), *_ports_before(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:  # noqa: S603 - our own
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
    """The ports of the run before, if they are free: the plant file then stays as it was applied."""
    with suppress(OSError, ValueError, KeyError):
        ports = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
        chosen = [("--opcua-port", ports["opcua_port"]), ("--modbus-port", ports["modbus_port"])]
        for _, port in chosen:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        return [text for name, port in chosen for text in (name, str(port))]
    return []


def _run(folder: Path, db: Database, port: int, *, browse: bool) -> None:
    plant = folder / "plant.yaml"
    config = checked(plant)
    Master(db).apply(plant.read_text(encoding="utf-8"), None, clock_us())
    listener = listen("127.0.0.1", port, Accounts(db))
    address, app = address_of(listener), web_app(db)
    filled = threading.Event()
    stopping = threading.Event()
    started = clock_us()
    missing = _missing(folder, db, started)
    filler = threading.Thread(target=_fill, args=(folder, db, missing, filled, stopping), name="history")

    def is_up() -> None:
        say(f"\n  {config.plant.name} is live: {address}")
        say("  no log-in is needed on this machine; `oee user add NAME --role admin` makes one. Ctrl-C stops.\n")
        filler.start()
        if browse:
            with suppress(webbrowser.Error):
                webbrowser.open(address)

    spool = folder / "spool"
    plan = collection_plan(config)
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


def _fill(
    folder: Path, db: Database, missing: list[tuple[int, int]], filled: threading.Event, stopping: threading.Event
) -> None:
    """Fill in what the collector could not see: two weeks at first, later the time that the demo was down."""
    began = time.monotonic()
    try:
        say("history fills in behind the live pages ...")
        for since, until in missing:
            if since < until and not stopping.is_set():
                _import_days(folder, db, since, until, stopping.is_set)
        if not stopping.is_set():
            say(f"history is complete after {time.monotonic() - began:.0f} s; reports follow")
            filled.set()
    except OeeError as error:
        say(f"history stays incomplete: {error}; start the demo again to fill it in")


def _missing(folder: Path, db: Database, until: int) -> list[tuple[int, int]]:
    """What to fill in: all since the epoch at first; later what an earlier run left unfilled, and the time since it."""
    epoch_us = int(json.loads((folder / "demo.json").read_text(encoding="utf-8"))["epoch_us"])
    with suppress(OSError, ValueError):
        through_us, target_us = json.loads((folder / "filled.json").read_text(encoding="utf-8"))
        known_us = max(through_us, *delivered_through_us(db), 0) + OVERLAP_US
        return [(through_us, target_us), (known_us, until)]
    return [(epoch_us, until)]


def _import_days(folder: Path, db: Database, since: int, until: int, stopped: Callable[[], bool]) -> None:
    """Let a process of its own write CSV a day at a time, and import each: the product's own way in."""
    note = folder / "filled.json"
    with tempfile.TemporaryDirectory(prefix="history-", dir=folder) as scratch:
        epoch = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        command = [sys.executable, "-m", "simulators.history_files", "--seed", str(epoch["seed"])]
        command += ["--epoch-us", str(epoch["epoch_us"]), "--from-us", str(since), "--to-us", str(until)]
        command += ["--interval-s", str(HISTORY_INTERVAL_S), "--folder", scratch]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:  # noqa: S603 - our own
            for line in process.stdout or ():
                path, through_us = line.split()
                if stopped():
                    process.terminate()
                    break
                import_csv(db, Path(path), clock_us(), say)
                Path(path).unlink()
                note.write_text(json.dumps([int(through_us), until]), encoding="utf-8")
