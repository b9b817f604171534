"""One endpoint's polls → spool records, pure: samples by exception, then proof of life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.base import Reading, usable
from connectors.status import is_good
from oee.collect.clock import event_time
from oee.collect.endpoint import ConnectorPlan, EndpointHealth
from oee.collect.exception import ExceptionFilter
from oee.spool import SpoolAlive, SpoolRecord


class ReadingLog:
    """The memory of an endpoint's tags and of who was alive at its last poll. It outlives connections.

    Parameters
    ----------
    plan
        The endpoint.
    health
        Counts what passes.
    """

    def __init__(self, plan: ConnectorPlan, health: EndpointHealth) -> None:
        self._name = plan.name
        self._health = health
        self._filters = {tag.key: ExceptionFilter(tag.role) for tag in plan.tags}
        self._machine_of = {tag.key: tag.machine_key for tag in plan.tags}
        self._alive_before: frozenset[str] = frozenset()
        self._through_us: int | None = None

    def polled(self, readings: Sequence[Reading], now_us: int) -> list[SpoolRecord]:
        """Return what a successful poll adds. `now_us` is when it had come in whole."""
        records: list[SpoolRecord] = []
        for reading in map(_storable, readings):
            event = event_time(reading)
            self._health.clock_skew_count += event.is_skewed
            records += self._filters[reading.key].samples(reading, event.ts_us)
        self._health.polls_count += 1
        self._health.readings_count += len(readings)
        self._health.samples_count += len(records)
        self._health.last_ok_us = now_us
        alive = frozenset(self._machine_of[reading.key] for reading in readings if is_good(reading.status))
        return records + self._life(alive, now_us)

    def missed(self, now_us: int) -> list[SpoolRecord]:
        """Return what a failed connection or poll adds: nobody was seen alive, and nothing more will come up to now."""
        return list(self._life(frozenset(), now_us))

    def _life(self, alive: frozenset[str], now_us: int) -> list[SpoolAlive]:
        # Alive at both polls is alive between them; who is back is alive from now on only.
        stayed, came = alive & self._alive_before, alive - self._alive_before
        since_us = now_us if self._through_us is None else min(self._through_us, now_us)
        self._alive_before, self._through_us = alive, now_us
        out = [SpoolAlive(self._name, since_us, now_us, tuple(sorted(stayed)))] if stayed else []
        if came or not stayed:
            out.append(SpoolAlive(self._name, now_us, now_us, tuple(sorted(came))))
        return out


def _storable(reading: Reading) -> Reading:
    """Hold third parties' connectors, too, to what a reading may be: one bad value must not stop all others."""
    value, status = usable(reading.value, reading.status)
    return reading if value is reading.value else replace(reading, value=value, status=status)
