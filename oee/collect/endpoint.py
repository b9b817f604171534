"""What to collect from one endpoint, and how it fares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.base import TagSpec
from oee.collect.exception import TagRole


@dataclass(frozen=True, slots=True)
class PlannedTag:
    """A tag `key` ("line/machine/signal") of machine `machine_key` ("line/machine")."""

    key: str
    machine_key: str
    spec: TagSpec
    role: TagRole = TagRole.VALUE


@dataclass(frozen=True, slots=True)
class ConnectorPlan:
    """One endpoint. `settings` are the connector kind's own; `timeout_s` bounds connecting, and each request.

    `mode` is "poll" or "subscribe"; a subscription is published every `interval_s`.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]
    interval_s: float
    timeout_s: float
    tags: tuple[PlannedTag, ...]
    mode: str = "poll"

    @property
    def longest_poll_s(self) -> float:
        """A poll takes several requests, each within `timeout_s`; what lasts longer is no poll."""
        return 3 * self.timeout_s

    @property
    def interval_us(self) -> int:
        """The interval [µs]."""
        return round(self.interval_s * 1e6)


@dataclass(slots=True)
class EndpointHealth:
    """How an endpoint fares; written by its supervisor, read by whoever reports.

    `state` is "connecting", "up" or "down", `reason` the sentence that belongs to "down". The counts run
    since the start; `polls_count` counts publications of a subscription, too, and `overflows_count` readings with which
    a server says that it had to drop others.
    """

    name: str
    kind: str
    state: str = "connecting"
    reason: str = ""
    last_ok_us: int | None = None
    polls_count: int = 0
    readings_count: int = 0
    samples_count: int = 0
    clock_skew_count: int = 0
    overruns_count: int = 0
    overflows_count: int = 0
    reconnects_count: int = 0


@dataclass(slots=True)
class CollectorHealth:
    """How the whole collector fares."""

    endpoints: dict[str, EndpointHealth] = field(default_factory=dict)
    spooled_count: int = 0
    delivered_count: int = 0
    spool_damaged_count: int = 0
    is_database_away: bool = False
    spool_fault: str = ""
