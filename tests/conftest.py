"""Fixtures of the whole suite: a real TimescaleDB, and a fresh migrated database per test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis  # noqa: F401 - loaded before warnings are errors: a plugin of its warns
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from oee.store.database import Database
from oee.store.embedded import embedded_server
from oee.store.migrate import upgrade


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server with the TimescaleDB extension: OEE_TEST_DATABASE_URL, else the embedded one."""
    given = os.environ.get("OEE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="oee-tests-"))
    folder.chmod(0o711)  # the server runs as another user where the tests run as root
    try:
        with embedded_server(folder, durable=False, announce=pytest.fail) as conninfo:
            yield conninfo
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """A migrated database that the tests' databases are copied from; fails where the extension is not active."""
    name = f"template_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    upgrade(make_conninfo(server, dbname=name))
    with psycopg.connect(make_conninfo(server, dbname=name)) as conn:
        found = conn.execute(
            "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE hypertable_name = 'sample'"
        ).fetchone()
    assert found, "`sample` is no hypertable: the suite must run on TimescaleDB"
    return name


@pytest.fixture
def database(server: str, template: str) -> Iterator[str]:
    """Conninfo of a fresh, migrated database of its own."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    yield make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    """The store's pool over a fresh database."""
    with Database(database) as opened:
        yield opened
