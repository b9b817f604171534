"""Spool → database: in order, at least once, for as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Protocol

import structlog

from oee.collect.endpoint import CollectorHealth
from oee.collect.losses import Losses
from oee.collect.threads import in_thread
from oee.collect.timing import backoff_s
from oee.errors import DatabaseUnavailable
from oee.spool import Position, Spool, SpoolAlive, SpoolError, SpoolGap, SpoolRecord, SpoolSample, SpoolSkew

_log = structlog.get_logger()

BATCH_RECORDS = 10_000
BACKOFF_CAP_S = 2.0


class SampleSink(Protocol):
    """Where samples go: the store."""

    def write(
        self,
        samples: Sequence[SpoolSample],
        alive: Sequence[SpoolAlive],
        gaps: Sequence[SpoolGap],
        skews: Sequence[SpoolSkew],
    ) -> None:
        """Commit all in one transaction; writing the same again changes nothing.

        Raises
        ------
        DatabaseUnavailable
            Nothing was written, or nobody knows: give the same again.
        """
        ...


class Drain:
    """Moves what is committed in the spool into the sink. The sink runs in a worker thread.

    Parameters
    ----------
    spool
        Read here, and told what was delivered.
    sink
        The database.
    health
        Written here.
    random
        Spreads the attempts.
    """

    def __init__(self, spool: Spool, sink: SampleSink, health: CollectorHealth, random: Random) -> None:
        self._spool = spool
        self._sink = sink
        self._health = health
        self._random = random
        self._has_more = asyncio.Event()
        self._losses = Losses()
        self._held: tuple[list[SpoolRecord], Position] | None = None

    def wake(self) -> None:
        """Say that there is something new in the spool."""
        self._has_more.set()

    async def run(self) -> None:
        """Deliver until cancelled. What the spool held at the start goes first."""
        failures = 0
        while True:
            self._has_more.clear()
            if await self._is_emptied():
                failures = 0
                await self._has_more.wait()
            else:
                await asyncio.sleep(backoff_s(failures, BACKOFF_CAP_S, self._random))
                failures += 1

    async def _is_emptied(self) -> bool:
        try:
            await self.empty()
        except (DatabaseUnavailable, SpoolError) as error:
            self._note_away(str(error), is_expected=True)
            return False
        except Exception as error:  # noqa: BLE001 - whatever ails the database, the readings stay on disk
            self._note_away(f"{type(error).__name__}: {error}", is_expected=False)
            return False
        return True

    async def empty(self) -> None:
        """Deliver all that is committed now.

        Raises
        ------
        DatabaseUnavailable, SpoolError
            Not all was; the next call goes on with the same records.
        """
        while await in_thread(self._deliver_batch):
            self._note_back()

    def _deliver_batch(self) -> bool:
        records, position = self._held or self._read()
        if records:
            self._held = records, position
            samples = [record for record in records if isinstance(record, SpoolSample)]
            alive = [record for record in records if isinstance(record, SpoolAlive)]
            gaps = [record for record in records if isinstance(record, SpoolGap)]
            skews = [record for record in records if isinstance(record, SpoolSkew)]
            self._sink.write(samples, alive, gaps, skews)
            self._health.delivered_count += len(records)
            self._held = None
        self._spool.delivered(position)
        self._health.spool_damaged_count = self._spool.damaged_count
        return bool(records)

    def _read(self) -> tuple[list[SpoolRecord], Position]:
        found, position = self._spool.read(BATCH_RECORDS)
        return self._losses.told(found), position

    def _note_away(self, reason: str, *, is_expected: bool) -> None:
        if not self._health.is_database_away:
            message = "samples can't be delivered; they are kept on disk"
            _log.warning(message, reason=reason, exc_info=not is_expected)
        self._health.is_database_away = True

    def _note_back(self) -> None:
        if self._health.is_database_away:
            _log.info("samples are delivered again")
        self._health.is_database_away = False
