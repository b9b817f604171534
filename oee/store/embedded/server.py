"""Sharing one embedded server: whoever comes first starts it, whoever leaves last stops it."""

from __future__ import annotations

import logging
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psycopg

from oee.store.embedded.account import Account, server_account
from oee.store.embedded.cluster import CRASH_S, Place, StartFailed, create, halt, launch
from oee.store.embedded.errors import EmbeddedDatabaseError
from oee.store.embedded.locks import locked, take_alone
from oee.store.embedded.programs import installed_programs, present_programs
from oee.store.embedded.timescale import UNSUPPORTED, Bundle, bundle_for

ON_PURPOSE = "The embedded database was started as plain PostgreSQL on purpose."
NOT_LOADABLE = "The embedded database is plain PostgreSQL here, since TimescaleDB can't be loaded: "

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddedStatus:
    """What is known of an embedded server; version, process id and socket folder only while it runs."""

    running: bool
    version: str | None = None
    pid: int | None = None
    socket: Path | None = None


@contextmanager
def embedded_server(
    data_dir: Path,
    *,
    durable: bool = True,
    timescale: bool = True,
    announce: Callable[[str], None] = _log.warning,
) -> Iterator[str]:
    """Use the database below `data_dir` for the length of the block; yield its libpq address.

    The server is started if it is not up, and stopped by the last of the processes that use it. One that was killed
    counts as gone. A server that already runs is taken as it is, whatever the options say. In the main
    thread SIGTERM and SIGHUP end the block through `SystemExit` while nobody else handles them.

    Parameters
    ----------
    data_dir
        Made if it does not exist. The database lies in its subfolder ``database``.
    durable
        False lets a crash of the machine destroy the data; for tests only.
    timescale
        False leaves TimescaleDB out on purpose.
    announce
        Told in one sentence why this is plain PostgreSQL, where TimescaleDB was wanted and can't be had.

    Raises
    ------
    EmbeddedDatabaseError
        If it can't be had here; the text says why and what to do.
    """
    place = _prepared(data_dir)
    with _leaving_on_termination(), locked(place.users, shared=True) as membership:
        try:
            with _in_clear_words(place.base), locked(place.door):
                if not _is_usable(place):
                    _start(place, _edition(timescale=timescale), durable=durable)
            if timescale and place.notice.exists():
                announce(place.notice.read_text(encoding="utf-8"))
            yield place.url
        finally:
            with _in_clear_words(place.base), locked(place.door):
                if take_alone(membership):
                    _stop(place)


def stop(data_dir: Path) -> bool:
    """Stop the server below `data_dir`, whoever still uses it; tell whether it was running.

    Raises
    ------
    EmbeddedDatabaseError
        If it belongs to somebody else or does not stop.
    """
    place = _place(data_dir)
    if not place.base.exists():
        return False
    with _in_clear_words(place.base), locked(place.door):
        was_running = place.is_running()
        _stop(place)
    return was_running


def status(data_dir: Path) -> EmbeddedStatus:
    """Look at the server below `data_dir` without starting, stopping or waiting for it.

    Raises
    ------
    EmbeddedDatabaseError
        If it belongs to somebody else.
    """
    place = _place(data_dir)
    with _in_clear_words(place.base):
        if not (place.is_running() and place.answers()):
            return EmbeddedStatus(running=False)
        pid = int((place.cluster / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        return EmbeddedStatus(True, _version(place.url), pid, place.socket_folder)


def _version(url: str) -> str | None:
    try:
        with closing(psycopg.connect(url, connect_timeout=5)) as connection:
            return connection.info.parameter_status("server_version")
    except psycopg.OperationalError:  # it is just starting, or has no connection to spare
        return None


def _place(data_dir: Path) -> Place:
    if sys.platform == "win32":
        raise EmbeddedDatabaseError(
            "The embedded database runs on Linux and macOS: on Windows use WSL or Docker, or name a server in "
            "OEE_DATABASE_URL."
        )
    return Place(data_dir.absolute() / "database")


def _prepared(data_dir: Path) -> Place:
    place = _place(data_dir)
    # root's server runs as another user, who has to pass through
    mode = 0o711 if os.geteuid() == 0 else 0o700
    with _in_clear_words(place.base):
        for folder in (place.base.parent, place.base):
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(mode)
        for lock in (place.door, place.users, place.alive):
            lock.touch(mode=0o600)
    return place


@dataclass(frozen=True)
class _Edition:
    """What to start: with TimescaleDB from `bundle`, or without and why."""

    bundle: Bundle | None
    plain_because: str = ""


def _edition(*, timescale: bool) -> _Edition:
    if not timescale:
        return _Edition(None, ON_PURPOSE)
    bundle = bundle_for(platform.system(), platform.machine(), platform.libc_ver())
    return _Edition(bundle, "" if bundle else UNSUPPORTED)


def _is_usable(place: Place) -> bool:
    """Tell whether the server is up, after letting one that just crashes come to its end."""
    deadline_s = time.monotonic() + CRASH_S
    while place.is_running():
        if place.answers():
            return True
        if time.monotonic() > deadline_s:
            raise EmbeddedDatabaseError(f"The embedded database runs but does not answer; see {place.log}.")
        time.sleep(0.02)
    return False


def _start(place: Place, edition: _Edition, *, durable: bool) -> None:
    account = server_account(place.cluster)
    programs = installed_programs(place.programs, edition.bundle)
    if not place.cluster.exists():
        create(place, account, programs, durable=durable)
    because = edition.plain_because
    if because:
        _launch_plain(place, account, programs, because, durable=durable)
        return
    try:
        launch(place, account, programs, durable=durable, timescale=True)
    except StartFailed as failure:
        if "could not load library" not in failure.reason:
            raise
        _launch_plain(place, account, programs, NOT_LOADABLE + failure.reason, durable=durable)
        return
    place.notice.unlink(missing_ok=True)
    place.with_timescale.touch()


def _launch_plain(place: Place, account: Account, programs: Path, because: str, *, durable: bool) -> None:
    if place.with_timescale.exists():
        # reading might work, but every write to a hypertable would fail far from the cause
        raise EmbeddedDatabaseError(
            f"The data in {place.base} were made with TimescaleDB and are not opened without it. {because}"
        )
    place.notice.write_text(because, encoding="utf-8")
    launch(place, account, programs, durable=durable, timescale=False)


def _stop(place: Place) -> None:
    if place.is_running():
        halt(place, server_account(place.cluster), present_programs(place.programs))


@contextmanager
def _in_clear_words(base: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"The embedded database in {base} can't be used: {error.strerror or error} ({error.filename or base})."
        ) from error


@contextmanager
def _leaving_on_termination() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack: by default they end Python without running any clean-up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    unhandled = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in unhandled:
            if signal.getsignal(number) is _leave:
                signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
