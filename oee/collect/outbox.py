"""Between the supervisors and the spool: what has been read and is not yet durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from oee.collect.endpoint import CollectorHealth
from oee.collect.threads import in_thread
from oee.spool import Spool, SpoolError, SpoolRecord

_log = structlog.get_logger()

COMMIT_INTERVAL_S = 0.1
RETRY_INTERVAL_S = 1.0


class Outbox:
    """Takes records at any time, and brings them to the spool's disk in groups.

    Parameters
    ----------
    spool
        Where they go.
    health
        Written here.
    on_commit
        Called after each group is durable.
    """

    def __init__(self, spool: Spool, health: CollectorHealth, on_commit: Callable[[], None]) -> None:
        self._spool = spool
        self._health = health
        self._on_commit = on_commit
        self._waiting: list[SpoolRecord] = []
        self._has_some = asyncio.Event()

    def put(self, records: Sequence[SpoolRecord]) -> None:
        """Take records, in order."""
        self._waiting.extend(records)
        self._has_some.set()

    async def run(self) -> None:
        """Commit what waits, at most every 100 ms, until cancelled."""
        while True:
            await self._has_some.wait()
            is_safe = await self.flush()
            await asyncio.sleep(COMMIT_INTERVAL_S if is_safe else RETRY_INTERVAL_S)

    async def flush(self) -> bool:
        """Bring what waits to disk; tell whether it is there. What is not stays first in line."""
        self._has_some.clear()
        try:
            await in_thread(self._store, tuple(self._waiting))
        except SpoolError as error:
            self._has_some.set()
            self._note_fault(str(error))
            return False
        self._note_fault("")
        self._on_commit()
        return True

    def _store(self, group: Sequence[SpoolRecord]) -> None:
        self._spool.append_batch(group)
        self._spool.commit()
        del self._waiting[: len(group)]  # here, so that it holds where the waiter was cancelled meanwhile
        self._health.spooled_count += len(group)

    def _note_fault(self, fault: str) -> None:
        if bool(fault) != bool(self._health.spool_fault):
            if fault:
                _log.error("readings can't be stored on disk; they are held in memory", reason=fault)
            else:
                _log.info("readings are stored on disk again")
        self._health.spool_fault = fault
