"""Samples out: arrays for the interpretation, read in binary, and what is known of the time before them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from oee.store.arrays import array, binary_rows, moments
from oee.store.database import Row, fetch, fetch_one
from oee.store.times import from_us, to_us


def read_series(
    conn: Connection[Row], tags: Sequence[int], start_us: int, end_us: int
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32]]]:
    """Samples of tags in ``[start, end)``, in order of time: times [µs], values, signed StatusCodes by tag number."""
    params = {"tags": list(tags), "from": from_us(start_us), "to": from_us(end_us)}
    found: dict[int, tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32]]] = {}
    for number, times, values, codes in binary_rows(conn, "samples/series", **params):
        ts = moments(times)
        order = np.argsort(ts, kind="stable")
        told, quality = array(values, ">f8").astype(np.float64), array(codes, ">i4").astype(np.int32)
        found[int.from_bytes(number or b"", "big")] = (ts[order], told[order], quality[order])
    return found


def in_force(conn: Connection[Row], tags: Sequence[int], at_us: int) -> dict[int, tuple[int, float]]:
    """The last Good sample of each tag at or before an instant: (time [µs], value)."""
    rows = fetch(conn, "samples/in_force", tags=list(tags), at=from_us(at_us))
    return {tag: (to_us(ts), value) for tag, ts, value in rows}


def is_good_at(conn: Connection[Row], tag: int, at_us: int) -> bool:
    """Whether a tag's last word at or before an instant was a Good value (S-28)."""
    row = fetch_one(conn, "samples/good_at", tag=tag, at=from_us(at_us))
    return row is not None and row[0]


def alive_stretches(conn: Connection[Row], machine_id: int, from_us_: int) -> dict[str, list[tuple[int, int]]]:
    """Stretches of life per source that reach past an instant [µs]; those that touch are one, however they came."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for source, start_ts, end_ts in fetch(conn, "samples/alive", machine_id=machine_id, **{"from": from_us(from_us_)}):
        start, end, held = to_us(start_ts), to_us(end_ts), found[source]
        if held and start <= held[-1][1]:
            held[-1] = (held[-1][0], max(held[-1][1], end))
        else:
            held.append((start, end))
    return found


def symbol_texts(conn: Connection[Row], numbers: Iterable[int]) -> dict[int, str]:
    """Texts of symbol numbers."""
    return dict(fetch(conn, "samples/symbol_texts", ids=sorted(set(numbers))))


def first_sample_us(conn: Connection[Row], machine_id: int) -> int | None:
    """The machine's first sample ever [µs]."""
    row = fetch_one(conn, "samples/first", machine_id=machine_id)
    return to_us(row[0]) if row and row[0] is not None else None
