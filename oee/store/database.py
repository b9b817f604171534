"""The pool of connections, and the one place where psycopg's errors become the service's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg_pool import ConnectionPool, PoolTimeout

from oee.errors import ConfigError, DatabaseConflict, DatabaseUnavailable
from oee.store.sql import query

KEEPALIVE = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
"""A black hole shows within 3 to 6 s instead of hanging for minutes (R21)."""

Row = tuple[Any, ...]
DatabaseFault = psycopg.Error
"""What the database refused for another reason than being away; the outermost floor makes a sentence of it."""
Session = Connection[Row]
"""A connection in a transaction, as the layers above hand it on; only the store knows what it is made of."""


def checked_address(conninfo: str, password: str | None = None) -> str:
    """Return an address of a database that libpq can read, with the password in it if one is given apart.

    Raises
    ------
    ConfigError
        It can't; the address itself is left out of the text, as it may hold a password.
    """
    try:
        return make_conninfo(conninfo, password=password) if password else make_conninfo(conninfo)
    except psycopg.ProgrammingError as error:
        raise ConfigError(
            "OEE_DATABASE_URL is no address of a database; write it as postgresql://user@host:5432/name"
        ) from error


class Database:
    """A pool over one database. Close it, or use it as a context manager."""

    def __init__(self, conninfo: str, *, max_size: int = 6, wait_s: float = 3.0) -> None:
        self.conninfo = conninfo
        self.pool: ConnectionPool[Connection[Row]] = ConnectionPool(
            conninfo,
            min_size=0,
            max_size=max_size,
            timeout=wait_s,
            reconnect_timeout=wait_s,  # its pauses double up to this: who asks after a long outage is served at once
            kwargs={**KEEPALIVE, "options": "-c timezone=UTC"},
            check=ConnectionPool.check_connection,
            open=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.pool.close()

    @contextmanager
    def transaction(self, *, undone: bool = False) -> Iterator[Connection[Row]]:
        """Lend a connection inside one transaction.

        Parameters
        ----------
        undone : roll back at the end, whatever happened: a rehearsal.

        Raises
        ------
        DatabaseUnavailable
            The database can't be reached, or went away on the way; nothing was committed, or the commit is unknown
            and repeating is safe.
        DatabaseConflict
            Another transaction stood in the way (40P01, 40001); nothing was written.
        """
        try:
            with self.pool.connection() as conn, conn.transaction(force_rollback=undone):
                yield conn
        except (DeadlockDetected, SerializationFailure) as error:
            raise DatabaseConflict(f"another transaction stood in the way: {error}") from error
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            reason = str(error).strip().splitlines()
            raise DatabaseUnavailable(f"the database can't be reached: {reason[0] if reason else error}") from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection[Row]]:
        """Lend a connection that reads only; all of its statements see the database as it was at the first.

        Facts are replaced all the time: statements that each saw their own instant would not fit together. Raises as
        `transaction` does.
        """
        with self.transaction() as conn:
            run(conn, "session/snapshot")
            yield conn

    def rows(self, name: str, /, **params: Any) -> list[Row]:
        """Run one named query in a transaction of its own and fetch all rows."""
        with self.transaction() as conn:
            return fetch(conn, name, **params)


def fetch(conn: Connection[Row], name: str, /, **params: Any) -> list[Row]:
    """Run a named query and fetch all rows."""
    return conn.execute(query(name).encode(), params).fetchall()


def fetch_one(conn: Connection[Row], name: str, /, **params: Any) -> Row | None:
    """Run a named query and fetch its first row."""
    return conn.execute(query(name).encode(), params).fetchone()


def run(conn: Connection[Row], name: str, /, **params: Any) -> int:
    """Run a named statement; return the number of rows that it touched."""
    return conn.execute(query(name).encode(), params).rowcount


def run_many(conn: Connection[Row], name: str, params: list[dict[str, Any]]) -> None:
    """Run a named statement once per set of parameters, pipelined."""
    if params:
        conn.cursor().executemany(query(name).encode(), params)


def copy_rows(conn: Connection[Row], name: str, rows: list[Row]) -> None:
    """COPY rows in through a named statement."""
    if rows:
        with conn.cursor().copy(query(name).encode()) as copy:
            for row in rows:
                copy.write_row(row)
