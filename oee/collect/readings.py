"""One endpoint's polls or publications → spool records, pure: samples by exception, gaps, then proof of life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.base import Batch, Reading, usable
from connectors.status import has_overflow
from oee.collect.clock import event_time
from oee.collect.endpoint import ConnectorPlan, EndpointHealth
from oee.collect.exception import ExceptionFilter
from oee.collect.life import Life
from oee.spool import SpoolRecord, SpoolSample, SpoolSkew


class ReadingLog:
    """The memory of an endpoint's tags and of who was alive when it was heard last. It outlives connections.

    Parameters
    ----------
    plan
        The endpoint.
    health
        Counts what passes.
    """

    def __init__(self, plan: ConnectorPlan, health: EndpointHealth) -> None:
        self._health = health
        self._connector = plan.name
        self._machine_of = {tag.key: tag.machine_key for tag in plan.tags}
        self._filters = {tag.key: ExceptionFilter(tag.role) for tag in plan.tags}
        self._life = Life(plan)
        self._heard: set[str] = set()
        """Tags that a subscription of this connection has told of."""

    def polled(self, readings: Sequence[Reading], now_us: int) -> list[SpoolRecord]:
        """Return what a successful poll adds. `now_us` is when it had come in whole."""
        readings = [_storable(reading) for reading in readings]
        samples = self._samples(readings)
        self._health.last_ok_us = now_us
        return [*samples, *self._life.polled(readings, now_us)]

    def published(self, batch: Batch) -> list[SpoolRecord]:
        """Return what a publication adds; tags that it does not name are as they were, up to its `through_us`."""
        batch = replace(batch, readings=tuple(map(_storable, batch.readings)))
        samples = self._samples(batch.readings, batch.through_us)
        self._health.last_ok_us = batch.receive_ts_us
        self._heard.update(reading.key for reading in batch.readings)
        for key in self._heard:
            self._filters[key].stood(batch.through_us)
        return [*samples, *self._life.published(batch)]

    def missed(self, now_us: int, reason: str) -> list[SpoolRecord]:
        """Return what a failed connection or poll adds: nobody was seen alive, and nothing more will come up to now."""
        self._heard.clear()
        return self._life.missed(now_us, reason)

    def _samples(self, readings: Iterable[Reading], holds_us: int | None = None) -> list[SpoolRecord]:
        """Return what is kept of readings, after word of those that have our time instead of the device's."""
        samples: list[SpoolSample] = []
        skewed: dict[str, list[int]] = {}
        for reading in readings:
            event = event_time(reading)
            self._health.clock_skew_count += event.is_skewed
            self._health.overflows_count += has_overflow(reading.status)
            self._health.readings_count += 1
            holds = reading.receive_ts_us if holds_us is None else holds_us
            kept = self._filters[reading.key].samples(reading, event.ts_us, holds)
            if event.is_skewed and kept:
                skewed.setdefault(self._machine_of[reading.key], []).append(event.ts_us)
            samples += kept
        self._health.polls_count += 1
        self._health.samples_count += len(samples)
        told = [SpoolSkew(self._connector, min(at), max(at), (machine,)) for machine, at in skewed.items()]
        return [*told, *samples]


def _storable(reading: Reading) -> Reading:
    """Hold third parties' connectors, too, to what a reading may be: one bad value must not stop all others."""
    value, status = usable(reading.value, reading.status)
    return reading if value is reading.value else replace(reading, value=value, status=status)
