"""The parts of the main job as tests put them together: simulators, commands and a served application, all real."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from oee.api.serve import address_of, listen, serve
from oee.cli.web import web_app
from oee.store.accounts import Accounts
from oee.store.database import Database
from simulators.bench import bench_plant_yaml
from simulators.truth import Truth

ROOT = Path(__file__).resolve().parent.parent


def iso(us: int) -> str:
    """An instant [µs UTC] as the API takes it, to the microsecond."""
    whole, fraction = divmod(us, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=fraction).isoformat().replace("+00:00", "Z")


def micros(text: str) -> int:
    """An instant that the API gave [µs UTC]."""
    moment = datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


def bench_plant(opcua_port: int, modbus_port: int, interval_s: float) -> str:
    """The bench's plant file, its shifts moved so that the running one neither starts nor ends during a test."""
    text = bench_plant_yaml(opcua_port, modbus_port, interval_s)
    first = (datetime.now(UTC).hour + 4) % 8
    head, calendars, rest = text.partition("calendars:")
    shifts, connectors, rest = rest.partition("connectors:")
    moved = re.sub(r'"(\d\d):00"', lambda hour: f'"{(int(hour[1]) + first) % 24:02}:00"', shifts)
    return head + calendars + moved + connectors + rest


@contextmanager
def module_database(server: str, template: str) -> Iterator[str]:
    """A fresh migrated database for all tests of a module that look at one long run."""
    name = f"run_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    yield make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(frozen=True)
class Bench:
    """The bench's simulators in a process of their own."""

    opcua_port: int
    modbus_port: int
    truth_file: Path

    def plant(self, interval_s: float) -> str:
        """The plant file that collects from them."""
        return bench_plant(self.opcua_port, self.modbus_port, interval_s)

    def truth(self) -> Truth:
        """What the machines did so far."""
        return Truth.load(self.truth_file)


@contextmanager
def bench_simulators(folder: Path, seed: int) -> Iterator[Bench]:
    """Run ``python -m simulators`` over real sockets; its truth is complete once the block is left."""
    truth = folder / "truth.jsonl"
    command = [sys.executable, "-m", "simulators", "--scenario", "bench", "--seed", str(seed), "--truth", str(truth)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            ready = json.loads(process.stdout.readline())
            yield Bench(ready["opcua_port"], ready["modbus_port"], truth)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def environment(database: str | None, data_dir: Path) -> dict[str, str]:
    """The environment of a command: this database and data folder, and nothing else of the service's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OEE_")}
    return kept | {"OEE_DATA_DIR": str(data_dir)} | ({"OEE_DATABASE_URL": database} if database else {})


def oee_process(*arguments: str | Path, database: str | None, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m oee`` as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "oee", *map(str, arguments)],
        env=environment(database, data_dir),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        check=False,
    )


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["oee.cli"])


def oee(
    *arguments: str | Path, database: str | None, data_dir: Path, given: str = "", timeout_s: float = 90, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, forked from one that has imported the service: a second saved each time.

    Parameters
    ----------
    given : its standard input.
    more : further environment variables.
    """
    words = [str(a) for a in arguments]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("in", "out", "err")]
        files[0].write_text(given, encoding="utf-8")
        process = _FORKS.Process(target=_command, args=(words, environment(database, data_dir) | more, files))
        process.start()
        process.join(timeout_s)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, timeout_s)
        out, err = (file.read_text(encoding="utf-8") for file in files[1:])
    return subprocess.CompletedProcess(words, process.exitcode or 0, out, err)


def _command(words: list[str], variables: dict[str, str], files: list[Path]) -> None:
    """Be the command: its files, its environment, its arguments."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(ROOT)
    sys.stdin = files[0].open(encoding="utf-8")
    for number, file in ((1, files[1]), (2, files[2])):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["oee", *words]
    from oee.cli import main

    main()


@contextmanager
def served(database: str) -> Iterator[httpx.Client]:
    """Serve pages and API over a database on a real port, as ``oee serve`` does; yield a client of it."""
    started, stop = threading.Event(), asyncio.Event()
    with Database(database) as db:
        listener = listen("127.0.0.1", 0, Accounts(db))
        address = address_of(listener)
        loop = asyncio.new_event_loop()

        def run() -> None:
            loop.run_until_complete(serve(web_app(db), listener, stop, started.set))
            loop.close()

        thread = threading.Thread(target=run, name="served")
        thread.start()
        try:
            assert started.wait(20)
            with httpx.Client(base_url=address, timeout=20) as client:
                yield client
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(20)


def kpi(client: httpx.Client, line: str, from_us: int, to_us: int, **more: str) -> dict[str, Any]:
    """The one item of a KPI query over ``[from, to)`` [µs UTC]."""
    answer = client.get("/api/v1/kpis", params={"line": line, "from": iso(from_us), "to": iso(to_us), **more})
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    return item
