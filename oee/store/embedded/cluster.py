"""One PostgreSQL data folder and its server: where all of it lies, and how it is made, started and stopped."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from oee.store.embedded import settings
from oee.store.embedded.account import Account
from oee.store.embedded.errors import EmbeddedDatabaseError
from oee.store.embedded.locks import is_held_alone, locked_within

PORT = 5432  # only the name of the socket; nothing listens on it
SOCKET_NAME = f".s.PGSQL.{PORT}"
DATABASE = ROLE = "oee"
SOCKET_PATH_BYTES = 103  # macOS; Linux has 107
CRASH_S, READY_S, STOP_S, ANSWER_S = 30, 300, 120, 5
SSL_REQUEST = struct.pack("!II", 8, 80877103)  # the protocol's shortest question; over a local socket the answer is no


class StartFailed(EmbeddedDatabaseError):
    """The server gave up while starting; `reason` is its own last word."""

    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(f"The embedded database did not start: {reason} (more in {log})")
        self.reason = reason


@dataclass(frozen=True)
class Place:
    """Where the parts of one embedded database lie: below `base`, which belongs to whoever starts the server.

    The server's own user writes to `cluster`, `log` and the socket's folder only.
    """

    base: Path

    @property
    def door(self) -> Path:
        """The lock that whoever starts or stops the server holds meanwhile."""
        return self.base / "door.lock"

    @property
    def users(self) -> Path:
        """The lock that every user of the server shares."""
        return self.base / "users.lock"

    @property
    def alive(self) -> Path:
        """The lock that the server's processes hold together for as long as one of them lives."""
        return self.base / "alive.lock"

    @property
    def programs(self) -> Path:
        """The folder with the private copy of PostgreSQL."""
        return self.base / "programs"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data folder."""
        return self.base / "cluster"

    @property
    def log(self) -> Path:
        """The log of the present or last run."""
        return self.base / "log" / "server.log"

    @property
    def settings(self) -> Path:
        """The folder with the server's generated configuration files."""
        return self.base / "settings"

    @property
    def with_timescale(self) -> Path:
        """The file that says that the data have been opened with TimescaleDB."""
        return self.base / "made-with-timescaledb"

    @property
    def notice(self) -> Path:
        """The file that says why the present server is plain PostgreSQL, where it is."""
        return self.base / "plain-because"

    @property
    def socket_folder(self) -> Path:
        """The folder of the server's socket, a short one under /tmp where the socket's full path were too long."""
        folder = self.base / "socket"
        length_bytes = len(bytes(folder / SOCKET_NAME))
        if length_bytes <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w./ -]+", str(folder)):
            return folder
        name = hashlib.sha256(bytes(self.base)).hexdigest()[:16]
        return Path("/tmp") / f"oee-{name}"  # noqa: S108 - its owner and mode are checked before use

    @property
    def url(self) -> str:
        """The libpq address of the database."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.socket_folder), safe='')}&port={PORT}"

    def is_running(self) -> bool:
        """Tell whether any process of the server lives; it may still be starting, stopping or crashing."""
        return is_held_alone(self.alive)

    def answers(self) -> bool:
        """Tell whether the server answers on its socket.

        A connection alone would not show it: the system accepts those of a server that is just being killed.
        """
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_S)
            try:
                client.connect(str(self.socket_folder / SOCKET_NAME))
                client.sendall(SSL_REQUEST)
                return client.recv(1) == b"N"
            except OSError:
                return False


def create(place: Place, account: Account, programs: Path, *, durable: bool) -> None:
    """Make the data folder with the empty database ``oee`` in it; what an interrupted try left behind goes first."""
    unfinished = place.base / "cluster.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    account.own_private_folder(unfinished)
    sync = () if durable else ("--no-sync",)
    _succeeded(account.run(
        programs / "initdb", "-D", unfinished, "-U", ROLE, "--auth=peer", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", *sync,
    ))  # fmt: skip
    # in single-user mode, so that the folder gets its name when everything is in it and not before
    statement = f"CREATE DATABASE {DATABASE};\n"
    _succeeded(account.run(programs / "postgres", "--single", "-D", unfinished, "postgres", text=statement))
    unfinished.rename(place.cluster)


def _succeeded(step: subprocess.CompletedProcess[str]) -> None:
    if step.returncode:
        words = step.stderr.strip().splitlines() or [f"{step.args[0]} ended with status {step.returncode}"]
        raise EmbeddedDatabaseError(f"The embedded database could not be made: {words[-1]}")


def launch(place: Place, account: Account, programs: Path, *, durable: bool, timescale: bool) -> None:
    """Start the server and return when it takes connections.

    Raises
    ------
    StartFailed
        If it does not come up.
    """
    account.own_private_folder(place.log.parent)
    account.own_private_folder(place.socket_folder)
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".log.1"))
    settings.write(
        place.settings,
        socket_folder=place.socket_folder,
        account=account.name,
        durable=durable,
        timescale=timescale,
    )
    with locked_within(place.alive, CRASH_S) as alive:  # after a crash the last children may take a moment
        # nobody holds the lock, so whatever process these files of PostgreSQL name, it is not the server: it may be
        # another program with the same number, or, in a container, a dead server that nobody collected
        for claim in (place.cluster / "postmaster.pid", place.socket_folder / f"{SOCKET_NAME}.lock"):
            claim.unlink(missing_ok=True)
        options = f"-c config_file={shlex.quote(str(place.settings / 'postgresql.conf'))}"
        started = account.run(
            programs / "pg_ctl", "start", "-w", "-t", str(READY_S), "-D", place.cluster, "-l", place.log, "-o", options,
            keep_open=(alive,),
        )  # fmt: skip
    if started.returncode:
        raise StartFailed(_last_word(place.log) or started.stderr.strip(), place.log)


def _last_word(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    grave = [match[1] for line in lines if (match := re.search(r"(?:FATAL|PANIC):\s+(.*)", line))]
    return grave[-1] if grave else ""


def halt(place: Place, account: Account, programs: Path) -> None:
    """Stop the server in fast mode and return when none of its processes lives any more.

    Raises
    ------
    EmbeddedDatabaseError
        If it does not stop within two minutes.
    """
    deadline_s = time.monotonic() + STOP_S
    while place.is_running():
        # repeated, since a server whose start was interrupted may not have written its process id yet
        account.run(programs / "pg_ctl", "stop", "-w", "-t", str(STOP_S), "-m", "fast", "-D", place.cluster)
        if time.monotonic() > deadline_s:
            raise EmbeddedDatabaseError(f"The embedded database in {place.base} does not stop; see {place.log}.")
        time.sleep(0.02)
