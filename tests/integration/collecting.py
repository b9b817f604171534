"""The collector as tests run it: over real sockets and a real spool, into a database that keeps rows in memory."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

from connectors.base import system_clock_us
from oee.collect.collector import run_collector
from oee.collect.endpoint import CollectorHealth
from oee.errors import DatabaseUnavailable


class Sink:
    """A database that keeps what it is given, by key; away where told so."""

    def __init__(self):
        self.is_away = False
        self.calls = []
        self.rows = {}
        self.alive = []
        self.gaps = []
        self.skews = []

    def write(self, samples, alive, gaps, skews):
        if self.is_away:
            raise DatabaseUnavailable("no connection")
        self.calls.append((list(samples), list(alive)))
        self.rows |= {(s.key, s.ts_us): s for s in samples}
        self.alive += alive
        self.gaps += gaps
        self.skews += skews

    def values(self, key):
        return [s.value for _, s in sorted(self.rows.items(), key=lambda row: row[0][1]) if s.key == key]


@contextlib.asynccontextmanager
async def collecting(plans, folder, sink, clock=system_clock_us):
    """Run the collector; on leaving the block stop it and wait for its last delivery."""
    stop, health = asyncio.Event(), CollectorHealth()
    job = asyncio.create_task(
        run_collector(plans, folder, sink, clock=clock, stop=stop, random=Random(1), health=health)
    )
    try:
        yield health
    finally:
        stop.set()
        await asyncio.wait_for(job, 10)


async def until(condition, timeout_s=8.0):
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to others
            await asyncio.sleep(0.01)
