"""Schema migrations: numbered files with checksums, one transaction each, under one lock, forward only (R23)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep

import psycopg
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from oee.errors import DatabaseUnavailable, MigrationError
from oee.store.database import KEEPALIVE, Row
from oee.store.sql import SQL_ROOT

LOCK_KEY = 0x0EE_0EE
LOCK_TIMEOUT_S = 2
"""A migration waits so long for a table in use: who queues behind it waits no longer (R23)."""
LOCK_ATTEMPTS = 15
LOCK_PAUSE_S = 1.0
BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What ``oee db status`` prints: versions, the extension with its edition or None, migrations done and to do."""

    postgresql: str
    timescaledb: str | None
    applied: tuple[str, ...]
    pending: tuple[str, ...]


def upgrade(conninfo: str, announce: Callable[[str], None] = lambda _: None) -> list[str]:
    """Bring the schema up to date; several processes may call it at once.

    Returns
    -------
    Names of the migrations applied now.

    Raises
    ------
    MigrationError
        A file that was applied has changed since, or a statement fails.
    DatabaseUnavailable
        The database can't be reached.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, **KEEPALIVE) as conn:  # type: ignore[arg-type]  # libpq takes ints
            conn.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
            return _upgrade(conn, announce)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database can't be reached: {str(error).strip()}") from error


def _upgrade(conn: Connection[Row], announce: Callable[[str], None]) -> list[str]:
    conn.execute("SET client_min_messages = error")
    conn.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'".encode())
    conn.execute(BOOKKEEPING)
    timescale = _ensure_timescale(conn)
    if not timescale:
        announce("TimescaleDB is not available here: plain PostgreSQL serves, without chunks; everything else works.")
    done: dict[str, str] = dict(conn.execute("SELECT name, sha256 FROM schema_migration").fetchall())
    applied = []
    for name, text in _files(timescale):
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name in done:
            _same(name, done[name], digest)
            continue
        _apply_patiently(conn, name, text, digest)
        applied.append(name)
    return applied


def _ensure_timescale(conn: Connection[Row]) -> bool:
    """Create the extension where the server offers it; False on plain PostgreSQL."""
    offered = conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    if not offered:
        return False
    try:
        conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as error:
        if conn.closed:
            raise
        raise MigrationError(f"TimescaleDB is installed but can't be created here: {error}") from error
    return True


def _files(timescale: bool) -> list[tuple[str, str]]:
    folders = ["migrations", *(["timescale"] if timescale else [])]
    paths = [p for folder in folders for p in sorted((SQL_ROOT / folder).glob("*.sql"))]
    return [(f"{p.parent.name}/{p.name}", p.read_text(encoding="utf-8")) for p in paths]


def _same(name: str, applied: str, now: str) -> None:
    if applied != now:
        raise MigrationError(f"sql/{name} has changed since it was applied; put it back and add a new file instead")


def _apply_patiently(conn: Connection[Row], name: str, text: str, digest: str) -> None:
    """Apply a migration; where others hold its tables, let them pass and try again (R23)."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            return _apply(conn, name, text, digest)
        except LockNotAvailable:
            sleep(LOCK_PAUSE_S)
    raise MigrationError(f"sql/{name}: its tables are in use; end long transactions and upgrade again")


def _apply(conn: Connection[Row], name: str, text: str, digest: str) -> None:
    try:
        with conn.transaction():
            conn.execute(text.encode())
            conn.execute("INSERT INTO schema_migration (name, sha256) VALUES (%s, %s)", (name, digest))
    except LockNotAvailable:
        raise
    except psycopg.errors.Error as error:
        raise MigrationError(f"sql/{name}: {str(error).strip()}") from error


def status(conninfo: str) -> DatabaseStatus:
    """Read versions and migrations without changing anything.

    Raises
    ------
    DatabaseUnavailable
        The database can't be reached.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, **KEEPALIVE) as conn:  # type: ignore[arg-type]  # libpq takes ints
            return _status(conn)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database can't be reached: {str(error).strip()}") from error


def _status(conn: Connection[Row]) -> DatabaseStatus:
    version = conn.info.server_version
    extension = conn.execute(
        "SELECT extversion, current_setting('timescaledb.license', true) "
        "FROM pg_extension WHERE extname = 'timescaledb'"
    ).fetchone()
    known = conn.execute("SELECT to_regclass('schema_migration') IS NOT NULL").fetchone()
    done: list[str] = []
    if known and known[0]:
        done = [row[0] for row in conn.execute("SELECT name FROM schema_migration ORDER BY name").fetchall()]
    pending = [name for name, _ in _files(extension is not None) if name not in done]
    return DatabaseStatus(
        f"{version // 10000}.{version % 10000}",
        f"{extension[0]} ({extension[1] or 'edition unknown'})" if extension else None,
        tuple(done),
        tuple(pending),
    )
