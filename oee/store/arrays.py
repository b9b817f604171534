"""Rows whose columns are arrays, read in binary: one conversion per column instead of one per value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from oee.store.database import Row
from oee.store.sql import query
from oee.store.times import PG_EPOCH_US


def binary_rows(conn: Connection[Row], name: str, /, **params: Any) -> Iterator[list[bytes | None]]:
    """Run a named query; yield its rows as the server sends them in binary."""
    cursor = conn.cursor(binary=True)
    cursor.execute(query(name).encode(), params)
    result = cursor.pgresult
    if result is not None:
        for row in range(result.ntuples):
            yield [result.get_value(row, column) for column in range(result.nfields)]


def array(raw: bytes | None, kind: str) -> NDArray[Any]:
    """Values of a binary one-dimensional array without NULLs: 20 bytes of head, then (length, value) pairs."""
    if not raw:
        return np.empty(0, kind)
    items = np.frombuffer(raw, np.dtype([("length", ">i4"), ("value", kind)]), offset=20)
    values: NDArray[Any] = items["value"]
    return values


def moments(raw: bytes | None) -> NDArray[np.int64]:
    """Instants [µs since 1970] of a binary array of timestamptz."""
    return array(raw, ">i8").astype(np.int64) + PG_EPOCH_US
