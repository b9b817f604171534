"""The collector: supervisors → outbox → spool → drain, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from random import Random
from typing import Any

import structlog

from connectors.base import Clock
from oee.collect.drain import Drain, SampleSink
from oee.collect.endpoint import CollectorHealth, ConnectorPlan, EndpointHealth
from oee.collect.outbox import Outbox
from oee.collect.supervisor import Supervisor
from oee.errors import DatabaseUnavailable
from oee.spool import Spool, SpoolError

_log = structlog.get_logger()


async def run_collector(
    connectors: Sequence[ConnectorPlan],
    spool_dir: Path,
    sink: SampleSink,
    *,
    clock: Clock,
    stop: asyncio.Event,
    random: Random | None = None,
    health: CollectorHealth | None = None,
) -> None:
    """Collect from all endpoints until `stop` is set; then bring what was read to disk, and on if possible.

    Parameters
    ----------
    connectors
        The endpoints. None of them needs to be reachable.
    spool_dir
        Folder of the spool, this process's alone.
    sink
        The database, which may be away at any time.
    clock
        Gives the time [µs UTC].
    stop
        Ends the collection.
    random
        Spreads the attempts to reach what is away.
    health
        Filled in while it runs.

    Raises
    ------
    SpoolError
        The spool's folder can't be used.
    """
    random = random or Random()  # noqa: S311 - for jitter
    health = health if health is not None else CollectorHealth()
    with Spool.open(spool_dir) as spool:
        drain = Drain(spool, sink, health, random)
        outbox = Outbox(spool, health, drain.wake)
        supervisors = [_supervisor(plan, outbox, health, clock, random) for plan in connectors]
        await _until(stop, [*(s.run() for s in supervisors), outbox.run(), drain.run()])
        await _last_delivery(outbox, drain)


def _supervisor(
    plan: ConnectorPlan, outbox: Outbox, health: CollectorHealth, clock: Clock, random: Random
) -> Supervisor:
    endpoint = health.endpoints[plan.name] = EndpointHealth(plan.name, plan.kind)
    return Supervisor(plan, outbox.put, endpoint, clock, random)


async def _until(stop: asyncio.Event, jobs: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run the jobs until `stop`; none ends by itself, and a bug in one ends all rather than go unseen."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        await stop.wait()
        for task in tasks:
            task.cancel()


async def _last_delivery(outbox: Outbox, drain: Drain) -> None:
    await outbox.flush()
    try:
        await drain.empty()
    except (DatabaseUnavailable, SpoolError) as error:
        _log.info("samples stay on disk until the next start", reason=str(error))
