"""Rates of the spool: append with a commit per batch, and reading back."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from oee.spool import Spool, SpoolSample

_RECORDS = 400_000
_BATCH = 10_000


def _samples() -> list[SpoolSample]:
    keys = [f"line-{i % 4}/machine-{i % 20}/signal-{i % 200}" for i in range(200)]
    return [SpoolSample(keys[i % 200], 1_760_000_000_000_000 + i, float(i), 0) for i in range(_RECORDS)]


def run() -> list[tuple[str, float, str]]:
    """Return (name, figure, unit)."""
    samples = _samples()
    with tempfile.TemporaryDirectory() as folder, Spool.open(Path(folder)) as spool:
        begin = time.perf_counter()
        for at in range(0, _RECORDS, _BATCH):
            spool.append_batch(samples[at : at + _BATCH])
            spool.commit()
        written = time.perf_counter()
        count = 0
        while count < _RECORDS:
            records, position = spool.read(_BATCH)
            spool.delivered(position)
            count += len(records)
        done = time.perf_counter()
    return [
        ("spool append + commit", _RECORDS / (written - begin), "records/s"),
        ("spool read + delivered", _RECORDS / (done - written), "records/s"),
    ]


if __name__ == "__main__":
    for name, figure, unit in run():
        print(f"{name}: {figure:,.0f} {unit}")
