"""The demo's past: what its collector could not see is told by the simulators and imported, once and without overlap.

The note of it is kept in ``demo.json``, which is replaced as a whole at every change. What is to be filled in is noted
*before* the collector starts: whenever the demo is killed, the next start knows all of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from oee.cli.common import say
from oee.collect.importer import import_csv
from oee.compute.service import clock_us
from oee.errors import InputError
from oee.model import US_PER_S
from oee.spool import Spool, SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.samples import delivered_through_us

DAY_US = 86_400 * US_PER_S
HISTORY_INTERVAL_S = 5
SEED = 7
MODEL = 2
"""Raised when the simulated plant does otherwise from the same seed: an older folder's counters would not go on."""
APART_US = 2 * US_PER_S
"""Distance of what is filled in from what was collected, more than a poll: two sources never speak of one time."""
BATCH_RECORDS = 10_000

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the demo's past [µs UTC].

    Attributes
    ----------
    epoch_us, seed : where the simulated plant began, and its luck: its counters go on when the demo starts again.
    until_us : all before this was collected, filled in, or stands in `unfilled`.
    unfilled : stretches that are still to be filled in, oldest first.
    """

    epoch_us: int
    seed: int
    until_us: int
    unfilled: tuple[Span, ...] = ()
    model: int = MODEL

    @classmethod
    def of(cls, folder: Path, days: int, now_us: int) -> Self:
        """The note in a data folder; in a new one the plant began at midnight (UTC), so many days ago.

        Raises
        ------
        InputError
            The folder is that of another version's demo.
        """
        try:
            kept = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
            past = cls(**kept | {"unfilled": tuple((since, until) for since, until in kept["unfilled"])})
        except FileNotFoundError:
            epoch_us = now_us // DAY_US * DAY_US - days * DAY_US
            past = cls(epoch_us, SEED, epoch_us)
            past.save(folder)
        except (OSError, ValueError, KeyError, TypeError):
            past = None
        if past is None or past.model != MODEL:
            raise InputError(f"{folder} holds the demo of another version; delete it, or give another with --data")
        return past

    def save(self, folder: Path) -> None:
        """Replace the note as a whole, durably."""
        new = folder / "demo.json.new"
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / "demo.json")

    def unseen(self, collected_us: int, now_us: int) -> Self:
        """The past of a run that begins now: what lies between the last one's values and it is unfilled."""
        since, until = max(self.until_us, collected_us + APART_US), now_us - APART_US
        if since >= until:
            return self
        return replace(self, until_us=until, unfilled=(*self.unfilled, (since, until)))

    def filled(self, through_us: int) -> Self:
        """The past once the oldest stretch is filled up to `through_us`."""
        (_, until), *later = self.unfilled
        rest = [(through_us, until)] if through_us < until else []
        return replace(self, unfilled=(*rest, *later))


def collected_us(db: Database, spool: Path) -> int:
    """Time of the newest value that a collector brought into the database, or left in its spool [µs UTC]."""
    newest = max(delivered_through_us(db), default=0)
    with Spool.open(spool) as left:
        while records := left.read(BATCH_RECORDS)[0]:
            newest = max(newest, *(_newest_us(record) for record in records))
    return newest


def _newest_us(record: object) -> int:
    match record:
        case SpoolSample():
            return record.ts_us
        case SpoolAlive():
            return record.through_us
        case _:  # a gap or a loss: no value, and no proof of life
            return 0


def fill(folder: Path, db: Database, past: Past, stopped: Callable[[], bool]) -> None:
    """Fill in all that is unfilled, until `stopped`; each day's end is noted."""
    while past.unfilled and not stopped():
        past = _fill_oldest(folder, db, past, stopped)


def _fill_oldest(folder: Path, db: Database, past: Past, stopped: Callable[[], bool]) -> Past:
    """Let a process of its own write CSV a day at a time, and import each: the product's own way in."""
    since, until = past.unfilled[0]
    with tempfile.TemporaryDirectory(prefix="history-", dir=folder) as scratch:
        command = [sys.executable, "-m", "simulators.history_files", "--seed", str(past.seed)]
        command += ["--epoch-us", str(past.epoch_us), "--from-us", str(since), "--to-us", str(until)]
        command += ["--interval-s", str(HISTORY_INTERVAL_S), "--folder", scratch]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:  # noqa: S603 - our own
            for line in process.stdout or ():
                path, through_us = line.split()
                if stopped():
                    process.terminate()
                    return past
                import_csv(db, Path(path), clock_us(), say)
                Path(path).unlink()
                past = past.filled(int(through_us))
                past.save(folder)
        if process.returncode:
            raise InputError("the simulated machines could not tell their past; their own message stands above")
    return past
