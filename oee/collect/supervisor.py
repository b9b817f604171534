"""One task per endpoint: connect, poll on a grid or be told; after a failure begin anew with a fresh connector."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from random import Random
from typing import cast

import structlog

from connectors.base import Clock, Connector, ConnectorError, StreamingConnector
from connectors.registry import create
from oee.collect.endpoint import ConnectorPlan, EndpointHealth
from oee.collect.readings import ReadingLog
from oee.collect.timing import backoff_s, next_tick
from oee.spool import SpoolRecord

_log = structlog.get_logger()

Put = Callable[[Sequence[SpoolRecord]], None]


class Supervisor:
    """Keeps one endpoint collected, for ever. What goes wrong with a device stays with it.

    Parameters
    ----------
    plan
        The endpoint.
    put
        Takes records for the spool, in order; must not block.
    health
        Written here.
    clock
        Gives the time [µs UTC].
    random
        Spreads the attempts.
    backoff_cap_s
        The longest pause between two attempts.
    """

    def __init__(
        self,
        plan: ConnectorPlan,
        put: Put,
        health: EndpointHealth,
        clock: Clock,
        random: Random,
        backoff_cap_s: float = 2.0,
    ) -> None:
        self._plan = plan
        self._put = put
        self._health = health
        self._clock = clock
        self._random = random
        self._backoff_cap_s = backoff_cap_s
        self._readings = ReadingLog(plan, health)
        self._failures = 0

    async def run(self) -> None:
        """Collect until cancelled."""
        while True:
            reason = await self._connection()
            self._health.reconnects_count += self._health.state == "up"
            self._turn("down", reason)
            self._put(self._readings.missed(self._clock(), reason))
            await asyncio.sleep(backoff_s(self._failures, self._backoff_cap_s, self._random))
            self._failures += 1

    async def _connection(self) -> str:
        """Run one connection to its end; return why it ended."""
        try:
            await self._serve()
        except (ConnectorError, OSError) as error:
            return str(error) or f"timed out after {self._plan.timeout_s:g} s"
        except Exception as error:  # noqa: BLE001 - a connector's bug must not end the others' collection
            _log.exception("connector failed unexpectedly", connector=self._plan.name)
            return f"unexpected {type(error).__name__}: {error}"
        return "the connection ended"

    async def _serve(self) -> None:
        specs = [tag.spec for tag in self._plan.tags]
        connector = create(self._plan.kind, self._plan.settings, specs, self._clock)
        async with asyncio.timeout(self._plan.timeout_s):
            await connector.__aenter__()
        try:
            await (self._follow(connector) if self._plan.mode == "subscribe" else self._poll_on_grid(connector))
        finally:
            async with asyncio.timeout(self._plan.timeout_s):
                await connector.__aexit__(None, None, None)

    async def _poll_on_grid(self, connector: Connector) -> None:
        now_s = asyncio.get_running_loop().time
        tick_s = now_s()
        while True:
            async with asyncio.timeout(self._plan.longest_poll_s):
                readings = await connector.poll()
            self._put(self._readings.polled(readings, self._clock()))
            self._turn("up", "")
            tick_s, missed = next_tick(tick_s, self._plan.interval_s, now_s())
            self._health.overruns_count += missed
            await asyncio.sleep(tick_s - now_s())

    async def _follow(self, connector: Connector) -> None:
        """Take what comes; a connector that can stream knows by itself when its device is silent."""
        async with aclosing(cast("StreamingConnector", connector).stream()) as batches:
            async for batch in batches:
                self._put(self._readings.published(batch))
                self._turn("up", "")

    def _turn(self, state: str, reason: str) -> None:
        """Note the state; say it once, when it changes."""
        has_changed = state != self._health.state
        self._health.state, self._health.reason = state, reason
        if state == "up":
            self._failures = 0
        if has_changed and state == "up":
            _log.info("connector up", connector=self._plan.name)
        elif has_changed:
            _log.warning("connector down", connector=self._plan.name, reason=reason)
